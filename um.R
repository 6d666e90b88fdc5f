suppressMessages({library(metafor);library(lme4)})
ai<-c(0,3,0,12,7);n1<-c(10,20,15,12,9);ci<-c(0,0,2,3,9);n2<-c(12,21,10,15,9)
dd<-data.frame(y=c(rbind(ai,ci)),n=c(rbind(n1,n2)),st=factor(rep(1:5,each=2)),g=rep(c(1,0),5),g12=rep(c(.5,-.5),5))
dd<-dd[!(dd$st==1),]
for (tp in c(1e-7,1e-13)) {f<-glmer(cbind(y,n-y)~g+(1|st)+(g12-1|st),data=dd,family=binomial,control=glmerControl(optimizer="bobyqa",tolPwrss=tp,optCtrl=list(maxfun=1e5,rhoend=1e-9))); print(fixef(f)); print(VarCorr(f)); print(logLik(f)); print(sqrt(diag(as.matrix(vcov(f)))))}

"""How much the answer depends on single studies and on choices: masks over the same numbers."""

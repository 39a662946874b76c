"""The checkers themselves are checked here: by planted faults, and by what a stand-in must refuse."""

"""The chat in a terminal: a prompt, a live view of the work, menus for decisions."""

"""What stands around the tabs: the model bar, changing the model, opening the page, the style."""

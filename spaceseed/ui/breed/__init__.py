"""The Breed tab: a visitor clicks images, and they have offspring."""

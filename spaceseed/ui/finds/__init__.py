"""The Found seeds tab: the basket, downloads and uploads."""

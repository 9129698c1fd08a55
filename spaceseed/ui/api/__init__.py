"""What programs and assistants can ask the app for: six named endpoints, with the page's own limits."""

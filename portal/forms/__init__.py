"""Request -> checked values. A form knows what a person may type, not what it means."""

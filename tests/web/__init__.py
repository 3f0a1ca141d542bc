"""What the tests of web services share. They address 127.0.0.1 only, and all they do is bounded in count and time."""

"""Many runs, from anywhere: read, checked before they are believed, and shown as a site."""

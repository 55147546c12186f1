"""What `make demo` needs beyond a site: accounts, something to read, and processes to look after."""

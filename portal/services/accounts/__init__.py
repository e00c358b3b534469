"""Who a person is: sponsors and their staff, signing in and out, passwords, and counting of tries."""

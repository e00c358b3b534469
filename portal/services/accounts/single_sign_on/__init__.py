"""Single sign-on: a sponsor's own OpenID provider says who somebody is; what he may do is decided here."""

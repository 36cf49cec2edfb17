"""What compiled code and native operations see: the call's context, values, failures and operators."""

"""An objective, a data law and a claim from outside mrpverify."""

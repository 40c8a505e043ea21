"""Look, plan, act: what verbs and hook do with a share."""

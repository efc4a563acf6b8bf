-- What is due is looked for account by account: a slow or quarantined one must not hide the others.
CREATE INDEX effects_due_by_target ON effects (target, next_at) WHERE state = 'pending';

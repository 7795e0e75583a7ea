package flow

import (
	"context"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// Standing is what the case of a message says of its recipient now.
type Standing struct {
	Waits bool      // something waits for them in that role
	Due   int64     // by when; store.Forever where no deadline runs
	Verb  auth.Verb // that the role takes in its organisation
	Name  text.Text // of the flow
}

// Stands tells how the recipient of a message stands to its case, as the case is in the transaction: a message may be handed on after
// further steps.
func (s *Service) Stands(ctx context.Context, tx bun.Tx, n Notice) (Standing, error) {
	f, c, err := s.load(ctx, tx, n.Case)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{Name: f.Name, Verb: auth.Operate}
	if r := f.role(n.Role); r != nil {
		out.Verb = r.verb()
	}
	for _, t := range f.tasks(c) {
		if t.Org == n.Org && t.Person == n.Person && t.Role == n.Role && (!out.Waits || t.Due < out.Due) {
			out.Waits, out.Due = true, t.Due
		}
	}
	return out, nil
}

// Tasks are what waits for somebody in a case as it stands.
func (f *Flow) Tasks(c *Case) []Task { return f.tasks(c) }

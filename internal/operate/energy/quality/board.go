package quality

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// MaxFirms bounds the enterprises that are scored at once.
const MaxFirms = 500

// Line is an enterprise on a board.
type Line struct {
	Name text.Text
	*Assessment
}

// Board scores the enterprises that have granted an organisation of the caller's what their main meters deliver: the lowest score
// first, those without one last. Errors: ErrMonth, ErrRules, ErrMany, those of auth.
func (s *Service) Board(ctx context.Context, org uuid.UUID, month, rules string) ([]Line, *Rules, error) {
	r, err := s.o.Library.get(rules)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.month(month); err != nil {
		return nil, nil, err
	}
	givers, err := s.o.Givers(ctx, org)
	if err != nil {
		return nil, nil, err
	}
	if len(givers) > MaxFirms {
		return nil, nil, ErrMany.At("query.org", len(givers)).With("max", MaxFirms)
	}
	out := make([]Line, 0, len(givers))
	for _, g := range givers {
		a, err := s.Assess(ctx, Ask{Org: g.Org, Month: month, Rules: rules})
		if errors.Is(err, ErrNoConsent) || errors.Is(err, auth.ErrNotFound) { // it was ended just now
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		out = append(out, Line{g.Name, a})
	}
	slices.SortStableFunc(out, func(x, y Line) int {
		switch {
		case x.Scored != y.Scored:
			if x.Scored {
				return -1
			}
			return 1
		case x.Tenths != y.Tenths:
			return cmp.Compare(x.Tenths, y.Tenths)
		}
		return cmp.Compare(x.Name.Zh, y.Name.Zh)
	})
	return out, r, nil
}

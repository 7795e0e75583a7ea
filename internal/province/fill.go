package province

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/field"
)

// filler lets the people of a province act.
type filler struct {
	node Node
	p    *Province
	day  time.Time // of the first start
	home uuid.UUID

	orgs   map[string]uuid.UUID // firms, providers and institutes by key
	supply map[string]uuid.UUID // entries by title
	seller map[string]string    // key of the provider by title of what it supplies
	needs  map[string]uuid.UUID // by key
}

// Logins by which the people of the province sign in.
const (
	decides = "platform.lin" // of the platform: opens, decides, awards
	checks  = "platform.su"  // of the platform: checks what others decide
)

func firmLogin(key string) string     { return "firm." + key }
func providerLogin(key string) string { return "provider." + key }

// Fill makes the province, or what is missing of it. day is the civil day of the first start, such as 2026-11-22.
func Fill(ctx context.Context, node Node, p *Province, day string) error {
	ns, ok := field.Day(day)
	if !ok {
		return fmt.Errorf("%q is no day", day)
	}
	f := &filler{node: node, p: p, day: time.Unix(0, ns).UTC(), orgs: map[string]uuid.UUID{}, supply: map[string]uuid.UUID{}, seller: map[string]string{}, needs: map[string]uuid.UUID{}}
	var err error
	if f.home, err = node.Home(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"officers and institutes", f.people}, {"firms", f.firms}, {"providers", f.providers}, {"supply", f.supplies}, {"experts", f.experts},
		{"facts", f.facts}, {"check-ups", f.checkups}, {"needs", f.wants}, {"contacts", f.contacts}, {"event", f.event},
		{"funds", f.funds}, {"support", f.support}, {"vouchers", f.vouchers}, {"rounds", f.rounds}, {"tasks", f.tasks},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s of the province: %w", step.name, err)
		}
	}
	return nil
}

// on is a day counted from the first start.
func (f *filler) on(days int) string { return f.day.AddDate(0, 0, days).Format(time.DateOnly) }

// year is that of the first start.
func (f *filler) year() int { return f.day.Year() }

// fen of yuan.
func fen(yuan int64) int64 { return yuan * 100 }

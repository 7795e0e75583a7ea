package flow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/office/flow/workday"
)

func TestADeadlineOnAShiftedHolidayIsShownRight(t *testing.T) {
	cal := proof.Must(workday.Load(shipped))
	f := &Flow{Roles: []Role{{ID: "clerk"}}}
	for _, c := range []struct {
		name, begins, today string
		d                   Deadline
		last, counted, why  string
		left                int
		through             string
	}{
		// 国办发明电〔2025〕7号: 1 to 5 May 2026 are free, Saturday 9 May is a working day.
		{"three calendar days end within the holiday", "2026-04-29", "2026-04-29", Deadline{Days: 3, Unit: workday.CalendarDays}, "2026-05-06", "2026-05-02", "劳动节放假", 2, "5 月 1 日至5 月 5 日劳动节放假"},
		{"five working days jump over it", "2026-04-28", "2026-04-30", Deadline{Days: 5, Unit: workday.WorkingDays}, "2026-05-08", "", "", 3, "5 月 1 日至5 月 5 日劳动节放假"},
		{"a Saturday on which people work counts", "2026-05-06", "2026-05-09", Deadline{Days: 3, Unit: workday.WorkingDays}, "2026-05-09", "", "", 0, "5 月 9 日调休上班（劳动节）"},
		{"what has passed is told in working days", "2026-05-06", "2026-05-12", Deadline{Days: 3, Unit: workday.WorkingDays}, "2026-05-09", "", "", -2, "5 月 9 日调休上班（劳动节）"},
	} {
		c.d.Role = "clerk"
		k := Clock{Since: at(c.begins).UnixNano()}
		f.set(cal, &c.d, &k, k.Since)
		w := f.deadlineWords(cal, &c.d, &k, at(c.today).UnixNano())
		why := ""
		if w.Why != nil {
			why = w.Why.Zh
		}
		if k.Last.String() != c.last || w.Counted != c.counted || !strings.Contains(why, c.why) || w.Left != c.left || len(w.Through) != 1 || w.Through[0].Zh != c.through {
			t.Errorf("%s: last %s, %+v, why %q", c.name, k.Last, w, why)
		}
	}
}

// Read gives the content of what lies on the shelf.
func (s shelf) Read(ctx context.Context, org uuid.UUID, id string) (Document, []byte, error) {
	d, err := s.Document(ctx, org, id)
	return d, []byte("%PDF-1.7 " + id), err
}

func TestPapersAndCountsOfACase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		for _, x := range []struct{ who, action string }{{rival, "submit"}, {wang, "submit"}, {li, "accept"}, {li, "nothing"}} {
			if _, err := n.service.Doing(n.as(x.who), c.ID, x.action, n.orgs["rival"]); err == nil {
				t.Errorf("%s may %s", x.who, x.action)
			}
		}
		d := proof.Must(n.service.Doing(n.as(li), c.ID, "submit", n.orgs["firm"]))
		if d.Role.ID != "applicant" || d.Refused != nil || d.Case.Revision != 1 {
			t.Errorf("%+v", d)
		}
		c = proof.Must(n.service.Take(n.as(li), c.ID, Taking{Action: "submit", Basis: 1, Content: []byte(`{"truthful":true}`), Documents: []Paper{{"application", "form"}, {"licence", "licence"}}}))
		for _, who := range []string{li, wang} {
			if p, data, err := n.service.Paper(n.as(who), c.ID, "form"); err != nil || p.Kind != "application" || string(data) != "%PDF-1.7 form" {
				t.Errorf("%s: %+v %q %v", who, p, data, err)
			}
		}
		for who, document := range map[string]string{rival: "form", li: "photo", first: "form"} {
			if _, _, err := n.service.Paper(n.as(who), c.ID, document); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s gets %s: %v", who, document, err)
			}
		}
		n.clock = at("2026-04-27")
		counts := proof.Must(n.service.DueCounts(n.as(wang), n.orgs["agency"]))
		if counts.All != 2 || counts.Today != 1 || counts.Overdue != 0 || counts.Mine != 0 {
			t.Errorf("%+v", counts)
		}
		states := proof.Must(n.service.StateCounts(n.as(wang), Filter{}))
		if len(states) != 1 || states[0].State != "submitted" || states[0].Count != 1 || states[0].Words.Zh != "形式审查" {
			t.Errorf("%+v", states)
		}
		if others := proof.Must(n.service.StateCounts(n.as(rival), Filter{})); len(others) != 0 {
			t.Errorf("a stranger counts %+v", others)
		}
		file := string(proof.Must(n.service.Export(n.as(wang), Filter{Flow: "project-application"}, "csv", "zh")))
		if !strings.Contains(file, "注塑车间数字化改造") || !strings.Contains(file, "5000000") || !strings.Contains(file, "2026-04-27") {
			t.Errorf("%s", file)
		}
	})
}

package checkup

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// done is a submitted check-up of the firm, its answers the worst ones.
func (n *node) done(side string, b Begin) Checkup {
	n.t.Helper()
	c := n.begin(side, b)
	n.fill(side, c.ID, false)
	return n.submit(side, c.ID)
}

func TestAnExpertChecks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		firm, expert, other := n.as("firm"), n.as("expert"), n.as("other")
		c := n.begin("firm", Begin{})
		n.say("firm", c.ID, "strategy", Saying{Answer: &assess.Answer{Choice: "shared"}, Papers: []Paper{{ID: "sha256:aa"}}})
		n.say("firm", c.ID, "systems-cover", Saying{Answer: &assess.Answer{Choice: "all"}})
		n.fill("firm", c.ID, false)
		ask := func() (ExpertCheck, error) {
			return n.service.AskExpert(firm, Request{Checkup: c.ID, By: n.sides["firm"], Expert: "expert", Due: "2026-06-01"})
		}
		if _, err := ask(); !errors.Is(err, ErrNotDone) {
			t.Errorf("asked before submission: %v", err)
		}
		n.submit("firm", c.ID)
		before := proof.Must(n.service.Outcome(firm, c.ID))
		e, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct{ err, want error }{
			"asked twice":                 {second(ask()), ErrAsked},
			"itself":                      {second(n.service.AskExpert(firm, Request{Checkup: c.ID, By: n.sides["firm"], Expert: "firm"})), ErrOwnExpert},
			"nobody":                      {second(n.service.AskExpert(firm, Request{Checkup: c.ID, By: n.sides["firm"], Expert: "ghost"})), ErrCode},
			"for another's check-up":      {second(n.service.AskExpert(other, Request{Checkup: c.ID, By: n.sides["other"], Expert: "expert"})), store.ErrNotFound},
			"seen by another":             {second(n.service.ExpertDesk(other, e.ID)), store.ErrNotFound},
			"judged before a declaration": {second(n.service.Judge(expert, e.ID, "strategy", Verdict{Verdict: Confirmed})), ErrDesk},
			"declared by the enterprise":  {second(n.service.Declare(firm, e.ID, false, "")), auth.ErrForbidden},
			"a conflict without a reason": {second(n.service.Declare(expert, e.ID, true, "")), ErrReason},
		} {
			if !errors.Is(x.err, x.want) {
				t.Errorf("%s: %v, want %v", name, x.err, x.want)
			}
		}
		if d := proof.Must(n.service.ExpertDesk(expert, e.ID)); len(d.Answers) != 0 || d.Result != nil {
			t.Error("answers are shown before it was declared that there is no conflict")
		}
		if _, _, err := n.service.Get(expert, c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the expert reads the check-up beside its desk: %v", err)
		}
		if _, err := n.service.Declare(expert, e.ID, false, ""); err != nil {
			t.Fatal(err)
		}
		if _, _, data, err := n.service.ExpertPaper(expert, e.ID, "sha256:aa"); err != nil || !strings.HasPrefix(string(data), "%PDF") {
			t.Errorf("%s, %v", data, err)
		}
		judge := func(question string, v Verdict) error { return second(n.service.Judge(expert, e.ID, question, v)) }
		if err := judge("strategy", Verdict{Verdict: Confirmed}); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct{ err, want error }{
			"on an old basis":     {judge("strategy", Verdict{Verdict: Unjudged, Basis: 5}), ErrAnswered},
			"without an answer":   {judge("systems-cover", Verdict{Verdict: Otherwise, Reason: "two only"}), ErrVerdict},
			"without a reason":    {judge("systems-cover", Verdict{Verdict: Otherwise, Answer: &assess.Answer{Choice: "several"}}), ErrReason},
			"an unknown question": {judge("colour", Verdict{Verdict: Confirmed}), assess.ErrQuestion},
		} {
			if !errors.Is(x.err, x.want) {
				t.Errorf("%s: %v, want %v", name, x.err, x.want)
			}
		}
		if err := judge("systems-cover", Verdict{Verdict: Otherwise, Answer: &assess.Answer{Choice: "several"}, Reason: "现场只见两个系统"}); err != nil {
			t.Fatal(err)
		}
		f, err := n.service.Finish(expert, e.ID, "现场核验")
		if err != nil || f.State != Finished {
			t.Fatalf("%+v, %v", f, err)
		}
		d := proof.Must(n.service.ExpertDesk(firm, e.ID)) // the enterprise sees all of it
		lines := map[string]assess.Line{}
		for _, l := range d.Result.Evidenced.Lines {
			lines[l.Question] = l
		}
		if a, b := lines["strategy"], lines["systems-cover"]; *a.Grade != assess.E2 || a.Points != 7_5000 || b.Answer != "several" || b.Points != 5_0000 || b.From != "expert:"+e.ID.String() {
			t.Errorf("%+v %+v", a, b)
		}
		if digest, _ := d.Result.Digest(); digest != f.Digest || f.Points != 12_5000 {
			t.Errorf("%s computed again, %s kept, %s points", digest, f.Digest, f.Points)
		}
		// The self-check stands as it was.
		if after := proof.Must(n.service.Outcome(firm, c.ID)); after.Digest != before.Digest || !after.Same {
			t.Error("the self-check changed")
		}
		if err := judge("strategy", Verdict{Verdict: Unjudged, Basis: 1}); !errors.Is(err, ErrDesk) {
			t.Errorf("judged after the end: %v", err)
		}
	})
}

func TestAnExpertWithAConflictOrEndedSeesNothing(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	firm, expert := n.as("firm"), n.as("expert")
	c := n.done("firm", Begin{})
	ask := func(person string) ExpertCheck {
		return proof.Must(n.service.AskExpert(firm, Request{Checkup: c.ID, By: n.sides["firm"], Expert: "expert", Person: person}))
	}
	e := ask("")
	if d, err := n.service.Declare(expert, e.ID, true, "持有该企业股份"); err != nil || d.State != Declined || d.Conflict == "" {
		t.Fatalf("%+v, %v", d, err)
	}
	if _, err := n.service.ExpertDesk(expert, e.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who has a conflict sees it: %v", err)
	}
	if _, err := n.service.Judge(expert, e.ID, "strategy", Verdict{Verdict: Confirmed}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who has a conflict judges: %v", err)
	}
	e = ask("")
	if _, err := n.service.Declare(expert, e.ID, false, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := n.service.EndExpert(firm, e.ID, "另请他人"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.service.ExpertDesk(expert, e.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("seen after the end: %v", err)
	}
	if list, _, err := n.service.Experts(expert, ExpertFilter{}, store.Page{}); err != nil || len(list) != 0 {
		t.Errorf("%d on the desk, %v", len(list), err)
	}
	e = ask("")
	both := auth.With(t.Context(), authtest.Person("both", map[uuid.UUID]auth.Role{n.sides["firm"]: auth.Owner, n.sides["expert"]: auth.Owner}))
	if _, err := n.service.Declare(both, e.ID, false, ""); !errors.Is(err, ErrConflict) {
		t.Errorf("who works for the enterprise checks it: %v", err)
	}
	if _, err := n.service.EndExpert(firm, e.ID, "另请他人"); err != nil {
		t.Fatal(err)
	}
	e = ask("somebody else")
	if _, err := n.service.ExpertDesk(expert, e.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another person of the organisation sees it: %v", err)
	}
	if list, _, err := n.service.Experts(firm, ExpertFilter{Checkup: c.ID}, store.Page{}); err != nil || len(list) != 4 {
		t.Errorf("the enterprise sees %d, %v", len(list), err)
	}
}

// crowd adds firms of a trade and place that have submitted for a campaign, so many of them with all questions answered best.
func (n *node) crowd(prefix string, count int, place [3]string) (codes []string) {
	for i := range count {
		side := fmt.Sprintf("%s%d", prefix, i)
		n.sides[side], n.places[side] = uuid.Must(uuid.NewV7()), place
		codes = append(codes, side)
	}
	return codes
}

// put writes a submitted check-up as it would be after answering all, with points of its own: benchmarks are of figures alone.
func (n *node) put(side string, campaign uuid.UUID, points assess.Points, level int) {
	n.t.Helper()
	x := n.service.set.Get("sme2024")
	p := n.places[side]
	c := Checkup{ID: uuid.Must(uuid.NewV7()), Org: n.sides[side], Instrument: x.ID, Family: x.Family, Version: x.Version, Hash: x.Hash(), Day: "2026-05-04", State: Submitted, Campaign: campaign, Edits: 1,
		EndedAt: n.clock.UnixNano(), Points: points, Level: level, Industry: p[0], Size: p[1], Place: p[2]}
	r := c.row()
	if _, err := n.db.NewInsert().Model(&r).Exec(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

func TestACampaignFromCallToPublication(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		office, firm := n.as("office"), n.as("firm")
		n.places["firm"] = [3]string{"36", "small", "440100"}
		codes := append(n.crowd("a", 6, [3]string{"36", "small", "440100"}), n.crowd("b", 3, [3]string{"36", "small", "440300"})...)
		codes = append(append(codes, n.crowd("c", 7, [3]string{"36", "small", "440600"})...), "firm")
		opened := func(since, until string, firms []string) (Campaign, error) {
			return n.service.OpenCampaign(office, NewCampaign{Org: n.sides["office"], Instrument: "sme2024", Name: text.Both("年度体检"), Since: since, Until: until, Plan: []int{10, 5}, Firms: firms})
		}
		if _, err := opened("", "2026-05-31", []string{"a0", "ghost", "spectre"}); len(problemFields(err)) != 2 || !errors.Is(problemFields(err)[0], ErrCode) {
			t.Errorf("unknown firms: %v", err)
		}
		if _, err := opened("2026-06-01", "2026-05-31", codes); !errors.Is(err, ErrCampaign) {
			t.Errorf("ends before it begins: %v", err)
		}
		k, err := opened("", "2026-05-31", codes)
		if err != nil {
			t.Fatal(err)
		}
		calls := proof.Must(n.service.CallsOf(firm, n.sides["firm"]))
		if len(calls) != 1 || calls[0].By.Code != "office" || calls[0].Checkup != nil {
			t.Fatalf("%+v", calls)
		}
		if _, err := n.service.Begin(n.as("other"), Begin{Org: n.sides["other"], Instrument: "sme2024", Campaign: k.ID}); !errors.Is(err, ErrCalled) {
			t.Errorf("who is not called answers: %v", err)
		}
		c := n.begin("firm", Begin{Campaign: k.ID})
		if again := n.begin("firm", Begin{Campaign: k.ID}); again.ID != c.ID {
			t.Error("a campaign is answered twice")
		}
		if m, err := n.service.Remind(office, k.ID); err != nil || m != 17 || len(n.told) != 17 {
			t.Errorf("%d reminded, %v", m, err)
		}
		if _, err := n.service.Remind(office, k.ID); !errors.Is(err, ErrSoon) {
			t.Errorf("reminded again at once: %v", err)
		}
		n.fill("firm", c.ID, false)
		n.submit("firm", c.ID)
		for i, code := range codes[:16] {
			n.put(code, k.ID, assess.Points(40_0000+i*1_0000), 1+i%2)
		}
		_, called, err := n.service.Campaign(office, k.ID)
		if err != nil || len(called) != 17 {
			t.Fatalf("%d, %v", len(called), err)
		}
		if _, _, err := n.service.Campaign(firm, k.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a firm sees the others: %v", err)
		}
		if _, _, err := n.service.Get(office, c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the office reads answers: %v", err)
		}
		// The office may have an expert look at what was submitted for its campaign.
		if _, err := n.service.AskExpert(office, Request{Checkup: c.ID, By: n.sides["office"], Expert: "expert"}); err != nil {
			t.Error(err)
		}
		r := proof.Must(n.service.Results(office, k.ID, []string{"place"}))
		got := map[string]ResultCell{}
		for _, x := range r.Cells {
			got[x.Key.Place] = x
		}
		// b has three firms: hidden, and one more place with it, so that nobody takes the sum apart.
		hidden := 0
		for _, x := range r.Cells {
			if x.Hidden {
				hidden++
				if x.Firms != 0 || x.Quartiles != nil || x.Levels != nil {
					t.Errorf("a hidden cell tells %+v", x)
				}
			}
		}
		if !got["440300"].Hidden || hidden < 2 || got[""].Firms != 17 || got[""].Levels[0] != 1 {
			t.Errorf("%+v", r.Cells)
		}
		if _, err := n.service.Results(office, k.ID, []string{"colour"}); !errors.Is(err, ErrBy) {
			t.Errorf("%v", err)
		}
		p, err := n.service.Publish(office, k.ID, []string{"place"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.service.Publish(office, k.ID, nil); !errors.Is(err, ErrPublished) {
			t.Errorf("%v", err)
		}
		n.put("a0", k.ID, 99_0000, 4)
		list, _, err := n.service.PublishedCampaigns(t.Context(), store.Page{})
		if err != nil || len(list) != 1 || encode(list[0].Published) != encode(p) {
			t.Errorf("what is published changed: %v", err)
		}
		// Next year's results stand beside it.
		n.clock = n.clock.AddDate(1, 0, 0)
		k2 := proof.Must(opened("", "2027-05-31", codes))
		for i, code := range codes[:16] {
			n.put(code, k2.ID, assess.Points(50_0000+i*1_0000), 2)
		}
		r = proof.Must(n.service.Results(office, k2.ID, []string{"place"}))
		for _, x := range r.Cells {
			if x.Key.Place == "" && (x.Before == nil || x.Before.Firms != 17) || x.Key.Place == "440300" && x.Before != nil {
				t.Errorf("%+v", x)
			}
		}
		n.clock = n.clock.AddDate(0, 2, 0)
		if _, err := n.service.Begin(firm, Begin{Org: n.sides["firm"], Instrument: "sme2024", Campaign: k2.ID}); !errors.Is(err, ErrClosed) {
			t.Errorf("begun after the last day: %v", err)
		}
	})
}

func problemFields(err error) []*problem.Error {
	p, ok := problem.From(err)
	if !ok {
		return nil
	}
	return p.Fields()
}

func TestPeersCountOnlyWhoAgreesAndEndsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.places["firm"] = [3]string{"36", "small", "440100"}
		firm := n.as("firm")
		c := n.done("firm", Begin{})
		if _, err := n.service.Peers(firm, c.ID, false); !errors.Is(err, ErrConsent) {
			t.Fatalf("without consent: %v", err)
		}
		for i, code := range n.crowd("a", 6, [3]string{"36", "small", "440100"}) {
			n.put(code, uuid.Nil, assess.Points(40_0000+i*1_0000), 1)
			if i < 4 {
				if err := n.service.Agree(n.as(code), n.sides[code], true); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := n.service.Agree(n.sides.As(auth.Operator, "firm"), n.sides["firm"], true); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator agrees for the enterprise: %v", err)
		}
		if err := n.service.Agree(firm, n.sides["firm"], true); err != nil {
			t.Fatal(err)
		}
		p, err := n.service.Peers(firm, c.ID, false)
		if err != nil || p == nil || p.Firms != 5 || p.Rank != 5 {
			t.Fatalf("%+v, %v", p, err)
		}
		// One of the five ends: fewer than five are never told.
		if err := n.service.Agree(n.as("a0"), n.sides["a0"], false); err != nil {
			t.Fatal(err)
		}
		if p, err = n.service.Peers(firm, c.ID, false); err != nil || p != nil {
			t.Errorf("four are told: %+v, %v", p, err)
		}
		if err := n.service.Agree(firm, n.sides["firm"], false); err != nil {
			t.Fatal(err)
		}
		if _, err = n.service.Peers(firm, c.ID, false); !errors.Is(err, ErrConsent) {
			t.Errorf("after it ended: %v", err)
		}
	})
}

func TestOverHTTP(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	a := n.serve()
	c := n.done("firm", Begin{})
	id := c.ID.String()
	for _, x := range []struct {
		who, method, path string
		body              any
		status            int
	}{
		{"", "GET", "/checkups/" + id, nil, 401},
		{"", "GET", "/public/checkup-campaigns", nil, 200},
		{"engineer@other", "GET", "/checkups/" + id, nil, 404},
		{"engineer@other", "GET", "/checkups/" + id + "/result", nil, 404},
		{"engineer@other", "PUT", "/checkups/" + id + "/answers/people", map[string]any{"basis": 0, "unknown": true}, 404},
		{"engineer@other", "POST", "/checkups/" + id + "/submission", nil, 404},
		{"engineer@other", "GET", "/orgs/" + n.sides["firm"].String() + "/benchmark-consent", nil, 404},
		{"engineer@other", "GET", "/checkups?org=" + n.sides["firm"].String(), nil, 404},
		{"viewer@firm", "POST", "/checkups", map[string]any{"org": n.sides["firm"], "instrument": "sme2024"}, 403},
		{"viewer@firm", "GET", "/checkups/" + id, nil, 200},
		{"engineer@firm", "GET", "/instruments?on=2026-05-04", nil, 200},
		{"engineer@firm", "GET", "/checkups?org=" + n.sides["firm"].String(), nil, 200},
		{"engineer@firm", "GET", "/checkups/" + id + "/comparison", nil, 200},
		{"engineer@firm", "POST", "/checkups/" + id + "/prescription", map[string]any{"target": 2, "grade": "E1"}, 200},
		{"engineer@firm", "POST", "/checkups/" + id + "/prescription", map[string]any{"costs": map[string]any{"people": map[string]any{"staff": -4}}}, 422},
		{"engineer@firm", "PUT", "/checkups/" + id + "/answers/people", map[string]any{"basis": 1, "unknown": true}, 409},
		{"engineer@firm", "POST", "/checkups/" + id + "/needs", map[string]any{}, 409},
		{"engineer@firm", "GET", "/orgs/" + n.sides["firm"].String() + "/checkup-calls", nil, 200},
		{"engineer@firm", "GET", "/expert-checks", nil, 200},
		{"engineer@office", "GET", "/checkup-campaigns", nil, 200},
		{"engineer@office", "POST", "/checkup-campaigns", map[string]any{"org": n.sides["office"], "instrument": "sme2024", "name": map[string]any{"zh": "体检"}, "until": "2026-05-40", "firms": []string{"firm"}}, 422},
	} {
		if status, body := a.call(t, x.who, x.method, x.path, x.body); status != x.status {
			t.Errorf("%s %s %s: %d, want %d: %.300s", x.who, x.method, x.path, status, x.status, body)
		}
	}
	_, body := a.call(t, "engineer@firm", "GET", "/checkups/"+id, nil)
	var d CheckupDetail
	if err := json.Unmarshal(body, &d); err != nil || len(d.Form.Questions) != 31 || len(d.Answers) != 31 || d.Checkup.Standing == nil || d.Checkup.EndedAt.After(n.clock.Add(time.Second)) {
		t.Errorf("%v %+v", err, d.Checkup)
	}
}

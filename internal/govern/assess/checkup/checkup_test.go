package checkup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// node is a room with organisations around it: firms, an expert and an office.
type node struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	service *Service
	sides   authtest.Sides
	places  map[string][3]string // by side: industry, size, place
	facts   []assess.Known
	papers  map[string]string // id → name
	told    []Reminder
	filed   []FiledNeed
}

func (n *node) Known(_ context.Context, org uuid.UUID, keys []string, _ time.Time) (out []assess.Known, err error) {
	for _, k := range n.facts {
		for _, key := range keys {
			if k.Key == key && org == n.sides["firm"] {
				out = append(out, k)
			}
		}
	}
	return out, nil
}

func (n *node) Document(_ context.Context, org uuid.UUID, id string) (string, error) {
	if name, ok := n.papers[id]; ok && org == n.sides["firm"] {
		return name, nil
	}
	return "", store.ErrNotFound
}

func (n *node) Content(ctx context.Context, org uuid.UUID, id string) (string, string, []byte, error) {
	name, err := n.Document(ctx, org, id)
	return name, "application/pdf", []byte("%PDF-1.7 " + id), err
}

// Credit codes are the names of the sides here.
func (n *node) ByCode(_ context.Context, code string) (uuid.UUID, error) {
	if id, ok := n.sides[code]; ok {
		return id, nil
	}
	return uuid.Nil, store.ErrNotFound
}

func (n *node) Firm(_ context.Context, org uuid.UUID, _ string) (Firm, error) {
	for side, id := range n.sides {
		if id == org {
			p := n.places[side]
			return Firm{Org: org, Name: text.Both(side), Code: side, Industry: p[0], Size: p[1], Place: p[2]}, nil
		}
	}
	return Firm{}, store.ErrNotFound
}

func (n *node) Remind(_ context.Context, r Reminder) error { n.told = append(n.told, r); return nil }

func (n *node) File(_ context.Context, _ uuid.UUID, list []FiledNeed) (int, error) {
	n.filed = append(n.filed, list...)
	return len(list), nil
}

var shipped = os.DirFS("../../../../packs")

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, clock: begin, sides: authtest.Sides{}, places: map[string][3]string{}, papers: map[string]string{"sha256:aa": "检测报告.pdf"}}
	for _, s := range []string{"firm", "other", "expert", "office"} {
		n.sides[s] = uuid.Must(uuid.NewV7())
	}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.service = proof.Must(New(t.Context(), n.options()))
	return n
}

func (n *node) options() Options {
	return Options{DB: n.db, Packs: shipped, Documents: n, Facts: n, Firms: n, Messenger: n, Now: func() time.Time { return n.clock }, Logger: proof.Logger(n.t)}
}

func (n *node) as(side string) context.Context { return n.sides.As(auth.Engineer, side) }

func (n *node) begin(side string, b Begin) Checkup {
	n.t.Helper()
	b.Org = n.sides[side]
	if b.Instrument == "" {
		b.Instrument = "sme2024"
	}
	c, err := n.service.Begin(n.as(side), b)
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

func (n *node) say(side string, id uuid.UUID, question string, y Saying) Answered {
	n.t.Helper()
	a, err := n.service.Answer(n.as(side), id, question, y)
	if err != nil {
		n.t.Fatalf("%s: %v", question, err)
	}
	return a
}

// fill says something of every question that has nothing yet: its worst answer, or that it is not known.
func (n *node) fill(side string, id uuid.UUID, best bool) {
	n.t.Helper()
	c, list, err := n.service.Get(n.as(side), id)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, q := range proof.Must(n.service.instrument(n.t.Context(), c.Instrument, c.Hash)).Form().Questions {
		if answerOf(list, q.ID) == nil {
			n.say(side, id, q.ID, Saying{Answer: answerTo(&q, best)})
		}
	}
}

// answerTo is the best or the worst answer to a question.
func answerTo(q *assess.QuestionForm, best bool) *assess.Answer {
	k := 0
	if best {
		k = len(q.Choices) - 1
	}
	switch q.Kind {
	case assess.Multi:
		if !best {
			return &assess.Answer{None: true}
		}
		a := &assess.Answer{}
		for _, c := range q.Choices {
			if !c.Exclusive {
				a.Choices = append(a.Choices, assess.Picked{Option: c.ID})
			}
		}
		return a
	case assess.Percentage:
		return &assess.Answer{Number: map[bool]string{false: "0", true: "100"}[best]}
	}
	return &assess.Answer{Choice: q.Choices[k].ID}
}

func (n *node) submit(side string, id uuid.UUID) Checkup {
	n.t.Helper()
	c, err := n.service.Submit(n.as(side), id)
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

func second[T any](_ T, err error) error { return err }

func counted(part, of int64) *assess.Answer { return &assess.Answer{Part: &part, Of: &of} }

func networked(part, of int64) assess.Known {
	return assess.Known{Key: "machines.networked", Part: &part, Of: &of, From: begin.AddDate(0, 0, -7), To: begin, Text: text.Both("x"),
		Rests: []assess.Rest{{Kind: "machine", ID: uuid.Nil, Name: text.Both("铣床"), Counts: true, Days: 7}}}
}

func TestACheckupFromBeginToFrozenResult(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.facts = []assess.Known{networked(31, 52)}
		c := n.begin("firm", Begin{})
		ctx := n.as("firm")
		n.say("firm", c.ID, "network-rate", Saying{Answer: &assess.Answer{Number: "80", Grade: assess.E3, From: "I say so"}})
		n.say("firm", c.ID, "network", Saying{Answer: &assess.Answer{Choices: []assess.Picked{{Option: "control"}, {Option: "5g"}}}, Papers: []Paper{{ID: "sha256:aa", Options: []string{"5g"}}}, Note: "见报告"})
		if _, err := n.service.Submit(ctx, c.ID); !errors.Is(err, ErrMissing) {
			t.Fatalf("submitted with questions open: %v", err)
		}
		n.say("firm", c.ID, "people", Saying{Unknown: true})
		n.fill("firm", c.ID, false)
		open := proof.Must(n.service.Outcome(ctx, c.ID))
		if len(open.Open) != 0 || open.Done != open.Of || open.Of != 31 {
			t.Errorf("%d of %d done, open %v", open.Done, open.Of, open.Open)
		}
		done := n.submit("firm", c.ID)
		o := proof.Must(n.service.Outcome(ctx, c.ID))
		if !o.Same || o.Digest != done.Digest || len(done.Digest) != 64 || len(o.Facts) != 1 {
			t.Errorf("computed again %s, kept %s, same %v", o.Digest, done.Digest, o.Same)
		}
		// A caller's grade does not count; a paper proves the option that it names; what is measured stands beside.
		lines := map[string]assess.Line{}
		for _, l := range o.Result.Evidenced.Lines {
			lines[l.Question] = l
		}
		if l := lines["network-rate"]; l.Basis != "measured" || *l.Grade != assess.E3 || l.Answer != "31/52" {
			t.Errorf("%+v", l)
		}
		if l := lines["network"]; l.Answer != "5g" || *l.Grade != assess.E1 || l.From != "document:sha256:aa" {
			t.Errorf("%+v", l)
		}
		if o.Filled[0].Outcome != "differs" || o.Result.Declared.Level < o.Result.Evidenced.Level {
			t.Errorf("%+v", o.Filled)
		}
		// The plant changes, packs change, the process starts again: the frozen result stays, and comes out again.
		n.facts = []assess.Known{networked(1, 52)}
		o2 := n.options()
		o2.Packs = fstest.MapFS{}
		n.service = proof.Must(New(t.Context(), o2))
		again := proof.Must(n.service.Outcome(ctx, c.ID))
		if !again.Same || again.Digest != done.Digest {
			t.Errorf("after a new start: %s, same %v", again.Digest, again.Same)
		}
		for name, err := range map[string]error{
			"answered after submission":  second(n.service.Answer(ctx, c.ID, "people", Saying{Basis: 1, Answer: &assess.Answer{None: true}})),
			"withdrawn after submission": second(n.service.Withdraw(ctx, c.ID, "changed our mind")),
		} {
			if !errors.Is(err, ErrNotOpen) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := n.service.Submit(ctx, c.ID); err != nil {
			t.Errorf("the second try of a submission: %v", err)
		}
		if _, _, err := n.service.Get(n.as("other"), c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another enterprise sees it: %v", err)
		}
		// A frozen answer that was tampered with is told.
		if _, err := db.NewRaw("UPDATE checkup_answer SET content = ? WHERE checkup = ? AND question = ?", `{"answer":{"number":"5","grade":"E0"}}`, c.ID, "network-rate").Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if o := proof.Must(n.service.Outcome(ctx, c.ID)); o.Same {
			t.Error("a changed answer gives the same result")
		}
	})
}

func TestChangingOneAnswerChangesExactlyItsPoints(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	c := n.begin("firm", Begin{})
	n.fill("firm", c.ID, false)
	a := n.serve()
	before := resultOf(t, a, c.ID)
	for _, q := range n.service.set.Get("sme2024").Form().Questions {
		send := map[string]any{"basis": 1}
		best := answerTo(&q, true)
		in := CheckupAnswerInput{Choice: best.Choice, Number: best.Number}
		for _, p := range best.Choices {
			in.Choices = append(in.Choices, p.Option)
		}
		send["answer"] = in
		if status, body := a.call(t, "engineer@firm", "PUT", "/checkups/"+c.ID.String()+"/answers/"+q.ID, send); status != 200 {
			t.Fatalf("%s: %d %s", q.ID, status, body)
		}
		after := resultOf(t, a, c.ID)
		var total, own assess.Points
		for i, l := range after.Result.Declared.Lines {
			was := before.Result.Declared.Lines[i]
			switch {
			case l.Question == q.ID:
				own = l.Points - was.Points
				if q.Kind != assess.Ladder && own != q.Full || q.Kind == assess.Ladder && l.Step <= was.Step {
					t.Errorf("%s: %s points more of %s, step %d", q.ID, own, q.Full, l.Step)
				}
			case l.Points != was.Points || l.Step != was.Step:
				t.Errorf("%s changes %s", q.ID, l.Question)
			}
		}
		now, _ := after.Result.Declared.Total()
		was, _ := before.Result.Declared.Total()
		if total = now - was; total != own {
			t.Errorf("%s: %s points more in the whole, %s in the question", q.ID, total, own)
		}
		before = after
	}
	if points, full := before.Result.Declared.Total(); points != full || before.Result.Declared.Level != 4 {
		t.Errorf("the best answers have %s of %s, level %d", points, full, before.Result.Declared.Level)
	}
}

func TestTwoDevicesAndLostAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.begin("firm", Begin{})
		ctx := n.as("firm")
		phone := Saying{Answer: counted(3, 10)}
		first := n.say("firm", c.ID, "network-rate", phone)
		// The phone never heard of it and sends the same again: saved once.
		if again := n.say("firm", c.ID, "network-rate", phone); again.Revision != 1 || again.At != first.At {
			t.Errorf("%+v", again)
		}
		// The desk saw nothing of it, and says something else: it is told who was faster, and nothing is lost.
		_, err := n.service.Answer(ctx, c.ID, "network-rate", Saying{Answer: counted(9, 10)})
		if p, ok := problem.From(err); !ok || !errors.Is(err, ErrAnswered) || !strings.Contains(fmt.Sprint(p), "revision") {
			t.Fatalf("%v", err)
		}
		if a := n.say("firm", c.ID, "network-rate", Saying{Basis: 1, Answer: counted(9, 10)}); a.Revision != 2 {
			t.Errorf("%+v", a)
		}
		// Many at once on one basis: exactly one is taken.
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for i := range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := n.service.Answer(ctx, c.ID, "network-rate", Saying{Basis: 2, Answer: counted(int64(i), 10)})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else if !errors.Is(err, ErrAnswered) {
					t.Errorf("%v", err)
				}
			}()
		}
		wg.Wait()
		if taken != 1 {
			t.Errorf("%d of 8 were taken", taken)
		}
		if list, err := answers(t.Context(), db, c.ID); err != nil || len(list) != 1 || list[0].Revision != 3 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestWhatIsWrongWithAnAnswerIsTold(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	c := n.begin("firm", Begin{})
	pick := func(o ...string) *assess.Answer {
		a := &assess.Answer{}
		for _, id := range o {
			a.Choices = append(a.Choices, assess.Picked{Option: id})
		}
		return a
	}
	for name, x := range map[string]struct {
		question string
		y        Saying
		want     error
	}{
		"nothing":                     {"people", Saying{}, ErrNothing},
		"two things":                  {"people", Saying{Unknown: true, Clear: true}, ErrNothing},
		"an unknown question":         {"colour", Saying{Unknown: true}, assess.ErrQuestion},
		"above a hundred":             {"network-rate", Saying{Answer: &assess.Answer{Number: "101"}}, assess.ErrRange},
		"more of than there are":      {"network-rate", Saying{Answer: counted(11, 10)}, assess.ErrCount},
		"an option that is not there": {"network", Saying{Answer: pick("6g")}, assess.ErrOption},
		"none and some":               {"network", Saying{Answer: pick("none", "5g")}, assess.ErrExclusive},
		"another's document":          {"people", Saying{Answer: pick("staff"), Papers: []Paper{{ID: "sha256:bb"}}}, ErrPaper},
		"for what was not chosen":     {"people", Saying{Answer: pick("staff"), Papers: []Paper{{ID: "sha256:aa", Options: []string{"pay"}}}}, ErrPaper},
		"a document twice":            {"people", Saying{Answer: pick("staff"), Papers: []Paper{{ID: "sha256:aa"}, {ID: "sha256:aa"}}}, ErrPaper},
		"a document for no answer":    {"people", Saying{Unknown: true, Papers: []Paper{{ID: "sha256:aa"}}}, ErrPaper},
		"a long note":                 {"people", Saying{Unknown: true, Note: strings.Repeat("长", maxNote+1)}, ErrNote},
		"not applicable":              {"people", Saying{Answer: &assess.Answer{NotApplicable: true}}, assess.ErrNotApplicable},
	} {
		if _, err := n.service.Answer(n.as("firm"), c.ID, x.question, x.y); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	if _, err := n.service.Begin(n.as("firm"), Begin{Org: n.sides["firm"], Instrument: "sme2021"}); !errors.Is(err, ErrInstrument) {
		t.Errorf("%v", err)
	}
	if _, err := n.service.Answer(n.sides.As(auth.Viewer, "firm"), c.ID, "people", Saying{Unknown: true}); !errors.Is(err, auth.ErrForbidden) {
		t.Errorf("a viewer answers: %v", err)
	}
}

func TestHistoryCopyAndComparison(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := n.as("firm")
		first := n.begin("firm", Begin{})
		n.say("firm", first.ID, "funding", Saying{Unknown: true})
		n.say("firm", first.ID, "systems-cover", Saying{Answer: &assess.Answer{Choice: "several"}, Papers: []Paper{{ID: "sha256:aa"}}})
		n.fill("firm", first.ID, false)
		n.submit("firm", first.ID)
		if c, err := n.service.Compare(ctx, first.ID, uuid.Nil, false); err != nil || c != nil {
			t.Errorf("the first one is compared: %+v, %v", c, err)
		}
		n.clock = n.clock.AddDate(0, 3, 0)
		n.facts = []assess.Known{networked(50, 52)}
		next := n.begin("firm", Begin{Copy: first.ID})
		_, list, _ := n.service.Get(ctx, next.ID)
		if len(list) != 30 || answerOf(list, "funding") != nil || answerOf(list, "systems-cover").Answer.Grade != assess.E1 {
			t.Errorf("%d answers are copied", len(list))
		}
		n.say("firm", next.ID, "systems-cover", Saying{Basis: 1, Answer: &assess.Answer{Choice: "all"}})
		n.say("firm", next.ID, "funding", Saying{Answer: &assess.Answer{Number: "12"}})
		n.submit("firm", next.ID)
		c := proof.Must(n.service.Compare(ctx, next.ID, uuid.Nil, false))
		got := map[string]Change{}
		for _, x := range c.Changes {
			got[x.Question] = x
		}
		if len(got) != 2 || got["systems-cover"].Points != 5_0000 || strings.Join(got["systems-cover"].Why, "+") != "answer+grade" || got["funding"].Points != 1_8750 || got["funding"].Text.En == "" {
			t.Errorf("%+v", c.Changes)
		}
		// What is evidenced: the document was not given again, the plant has come to be measured.
		if c = proof.Must(n.service.Compare(ctx, next.ID, first.ID, true)); len(c.Changes) != 2 || c.Changes[0].Question != "network-rate" || c.Changes[0].Why[0] != "measured" || c.Changes[1].Points != -5_0000 {
			t.Errorf("%+v", c.Changes)
		}
		open := n.begin("firm", Begin{})
		for name, err := range map[string]error{
			"copied from one that is open":   second(n.service.Begin(ctx, Begin{Org: n.sides["firm"], Instrument: "sme2024", Copy: open.ID})),
			"copied from another instrument": second(n.service.Begin(ctx, Begin{Org: n.sides["firm"], Instrument: "platform2018", Copy: first.ID})),
			"copied from another enterprise": second(n.service.Begin(n.as("other"), Begin{Org: n.sides["other"], Instrument: "sme2024", Copy: first.ID})),
		} {
			if !errors.Is(err, ErrCopy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if w, err := n.service.Withdraw(ctx, open.ID, "重复"); err != nil || w.State != Withdrawn {
			t.Errorf("%+v, %v", w, err)
		}
		all, _, err := n.service.List(ctx, Filter{Org: n.sides["firm"], State: Submitted}, store.Page{})
		if err != nil || len(all) != 2 || all[0].ID != next.ID {
			t.Errorf("%d, %v", len(all), err)
		}
		if more, cursor, err := n.service.List(ctx, Filter{}, store.Page{Limit: 2}); err != nil || len(more) != 2 || cursor == "" {
			t.Errorf("%d, %q, %v", len(more), cursor, err)
		}
	})
}

func TestPrescriptionWithOwnPrices(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as("firm")
	c := n.begin("firm", Begin{})
	n.fill("firm", c.ID, false)
	p := proof.Must(n.service.Prescribe(ctx, c.ID, Ask{Target: 1}))
	if p.Plan == nil || !p.Plan.Estimated || p.Plan.Reached < 1 || len(p.Needs) == 0 || p.Needs[0].Kind == "" {
		t.Fatalf("%+v", p)
	}
	// A free step is taken when it helps.
	if _, err := n.service.SetQuotes(ctx, c.ID, Quotes{Costs: map[string]map[string]int64{"strategy": {"informed": 0, "planned": 0, "started": 0, "changed": 0, "shared": 0}}}); err != nil {
		t.Fatal(err)
	}
	q := proof.Must(n.service.Prescribe(ctx, c.ID, Ask{Target: 1}))
	if q.Plan.Cost >= p.Plan.Cost {
		t.Errorf("%d with free steps, %d without", q.Plan.Cost, p.Plan.Cost)
	}
	if _, err := n.service.SetQuotes(ctx, c.ID, Quotes{Costs: map[string]map[string]int64{"strategy": {"planned": -1}}}); !errors.Is(err, assess.ErrCost) {
		t.Errorf("%v", err)
	}
	if _, err := n.service.File(ctx, c.ID, nil); !errors.Is(err, ErrNoNeeds) {
		t.Errorf("%v", err)
	}
	o := n.options()
	o.Needs = n
	n.service = proof.Must(New(t.Context(), o))
	if _, err := n.service.File(ctx, c.ID, nil); !errors.Is(err, ErrNotDone) {
		t.Errorf("%v", err)
	}
	n.submit("firm", c.ID)
	if filed, err := n.service.File(ctx, c.ID, []string{"network-rate"}); err != nil || filed != 1 || n.filed[0].Origin != "checkup:"+c.ID.String()+":network-rate" || n.filed[0].Kind != "equipment-networking" {
		t.Errorf("%+v, %v", n.filed, err)
	}
}

// handler is the room behind its routes.
type handler struct{ http.Handler }

func (n *node) serve() handler {
	s := proof.Must(api.New(n.t.Context(), api.Options{Auth: n.sides, DB: n.db, Logger: proof.Logger(n.t), Now: n.service.o.Now}))
	n.service.Routes(s)
	return handler{s.Handler()}
}

func (h handler) call(t testing.TB, who, method, path string, body any) (int, []byte) {
	t.Helper()
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(proof.Must(json.Marshal(body)))
	}
	req := httptest.NewRequestWithContext(t.Context(), method, "/api/v1"+path, r)
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code, w.Body.Bytes()
}

func resultOf(t testing.TB, h handler, id uuid.UUID) CheckupOutcome {
	t.Helper()
	status, body := h.call(t, "engineer@firm", "GET", "/checkups/"+id.String()+"/result", nil)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	var out CheckupOutcome
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryProblemHasWordsInBothLanguages(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

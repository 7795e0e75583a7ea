package programme

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a small province: an agency, firms, experts, and what the other rooms would tell.
type world struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	flows   *flow.Service
	service *Service
	orgs    map[string]uuid.UUID
	pool    []Expert
	ties    map[[2]uuid.UUID][]Tie
	tags    []string
	book    *book
	filings *filings
	values  map[string]Measured // by the day on which a span ends
	series  map[uuid.UUID]uuid.UUID
}

type gate struct{ of **Service }

func (g gate) Step(ctx context.Context, tx bun.Tx, f *flow.Flow, c *flow.Case, st *flow.Step) error {
	return (*g.of).Step(ctx, tx, f, c, st)
}

func newWorld(t testing.TB, db *store.DB) *world {
	w := &world{t: t, db: db, clock: day("2026-03-02"), orgs: map[string]uuid.UUID{}, ties: map[[2]uuid.UUID][]Tie{}, book: newBook(t, db), filings: newFilings(t, db), values: map[string]Measured{}, series: map[uuid.UUID]uuid.UUID{}}
	for i, name := range []string{"agency", "firm", "rival", "third", "institute", "college", "bureau", "lab"} {
		w.orgs[name] = uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-0000000000%02x", i+1))
	}
	for i, name := range []string{"e1", "e2", "e3", "e4", "e5", "e6"} {
		employer := []string{"institute", "college", "bureau", "lab", "institute", "college"}[i]
		w.pool = append(w.pool, Expert{ID: uuid.MustParse(fmt.Sprintf("10000000-0000-7000-8000-0000000000%02x", i+1)), Person: person(name), Name: name, Employer: "CODE" + employer, EmployerOrg: w.orgs[employer],
			Fields: [][]string{{"工业互联网"}, {"节能"}, {"财务"}, {"工业互联网", "节能"}, {"财务"}, {"工业互联网"}}[i]})
	}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	packs := os.DirFS("../../../packs")
	whole := proof.Must(WithFlows(packs))
	w.flows = proof.Must(flow.New(t.Context(), flow.Options{DB: db, Packs: whole, Documents: shelf{}, Gate: gate{&w.service}, Now: w.now}))
	w.service = proof.Must(New(t.Context(), Options{DB: db, Packs: packs, Flows: w.flows, Parties: w, Experts: w, Measures: w, Filings: w.filings, Funds: w.book, Indicators: w, Papers: shelf{}, Rand: bytes.NewReader(bytes.Repeat([]byte{7}, 1<<12)), Now: w.now}))
	return w
}

func day(s string) time.Time {
	at := proof.Must(time.ParseInLocation("2006-01-02 15:04", s+" 10:00", field.China))
	return at
}

func person(name string) uuid.UUID { return authtest.Person(name, nil).ID }

func (w *world) now() time.Time { return w.clock }

// shelf has every paper.
type shelf struct{}

func (shelf) Document(_ context.Context, _ uuid.UUID, id string) (flow.Document, error) {
	return flow.Document{ID: id, Name: id + ".pdf", Media: "application/pdf", Size: 7}, nil
}

func (shelf) Open(_ context.Context, _ uuid.UUID, id string) (string, string, []byte, error) {
	if id == "none" {
		return "", "", nil, store.ErrNotFound
	}
	return id, "application/pdf", []byte("paper"), nil
}

func (w *world) name(org uuid.UUID) string {
	for n, id := range w.orgs {
		if id == org {
			return n
		}
	}
	return ""
}

func (w *world) Profile(_ context.Context, org uuid.UUID, _ string) (Profile, bool, error) {
	n := w.name(org)
	return Profile{Name: text.Text{Zh: n + "有限公司", En: n}, CreditCode: "CODE" + n, Industry: "C3670", Region: "430100", Size: "small"}, n != "third", nil
}

func (w *world) Name(_ context.Context, org uuid.UUID) (text.Text, error) {
	return text.Text{Zh: w.name(org) + "有限公司", En: w.name(org)}, nil
}
func (w *world) Contacts(context.Context, uuid.UUID) ([]uuid.UUID, error) { return nil, nil }
func (w *world) Ties(_ context.Context, a, b uuid.UUID) ([]Tie, error) {
	return w.ties[[2]uuid.UUID{a, b}], nil
}

func (w *world) Recognise(_ context.Context, org uuid.UUID, tag, from, to, _ string) error {
	w.tags = append(w.tags, w.name(org)+" "+tag+" "+from+" "+to)
	return nil
}

func (w *world) Experts(context.Context, uuid.UUID, string) ([]Expert, error) { return w.pool, nil }

// Evaluate is a fifth of the investment, at most five million yuan, as the measure of Hunan says.
func (w *world) Evaluate(_ context.Context, _ uuid.UUID, _ string, a *CallAward, facts map[string]MeasureFact, _ string) ([]MeasureAmount, error) {
	base, _ := facts["project.investment"].Value.(int64)
	return []MeasureAmount{{Measure: a.Measures[0], Name: text.Both(a.Measures[0]), Eligible: yes, Fen: min(base/5, 500_000_000)}}, nil
}

func (w *world) Measure(_ context.Context, org uuid.UUID, _ *Indicator, series map[string]uuid.UUID, _, to int64) (Measured, error) {
	for _, id := range series {
		if w.series[id] != org {
			return Measured{}, store.ErrNotFound
		}
	}
	m, ok := w.values[field.DateOf(to-1)]
	if !ok {
		return Measured{Trouble: text.Text{Zh: "没有数据", En: "no data"}}, nil
	}
	return m, nil
}

func (w *world) Series(_ context.Context, org, id uuid.UUID) (text.Text, error) {
	if w.series[id] != org {
		return text.Text{}, store.ErrNotFound
	}
	return text.Both("series"), nil
}

// book is a ledger in a table of the same database, so that it stands or falls with the step.
type book struct {
	mu   sync.Mutex
	free int64
}

func newBook(t testing.TB, db *store.DB) *book {
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE test_book (kind TEXT NOT NULL, ref TEXT NOT NULL, amount BIGINT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	return &book{free: 1 << 50}
}

func (b *book) write(ctx context.Context, tx bun.Tx, kind, ref string, amount int64) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO test_book (kind, ref, amount) VALUES (?, ?, ?)", kind, ref, amount)
	return err
}

func (b *book) Commit(ctx context.Context, tx bun.Tx, p Promise) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.Amount > b.free {
		return ErrBudget.At("body", p.Amount).With("needs", "1").With("has", "0")
	}
	return b.write(ctx, tx, "commit", p.Ref, p.Amount)
}

func (b *book) Release(ctx context.Context, tx bun.Tx, _ uuid.UUID, ref string, amount int64, _ string) error {
	return b.write(ctx, tx, "release", ref, amount)
}

func (b *book) Pay(ctx context.Context, tx bun.Tx, _ uuid.UUID, ref, _ string, amount int64, _, _ string) error {
	return b.write(ctx, tx, "pay", ref, amount)
}

func (b *book) Claim(ctx context.Context, tx bun.Tx, _ uuid.UUID, ref, _ string, amount int64, _, _ string) error {
	return b.write(ctx, tx, "claim", ref, amount)
}

func (b *book) Receive(ctx context.Context, tx bun.Tx, _ uuid.UUID, ref, _ string, amount int64, _, _ string) error {
	return b.write(ctx, tx, "receive", ref, amount)
}

func (w *world) booked() map[string]int64 {
	w.t.Helper()
	var rows []struct {
		Kind   string
		Amount int64
	}
	if err := w.db.NewSelect().TableExpr("test_book").ColumnExpr("kind, SUM(amount) AS amount").GroupExpr("kind").Scan(w.t.Context(), &rows); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Kind] = r.Amount
	}
	return out
}

// as is somebody: "name/role@org", or an expert without any organisation.
func (w *world) as(who string) context.Context {
	name, rest, _ := strings.Cut(who, "/")
	role, org, _ := strings.Cut(rest, "@")
	roles := map[uuid.UUID]auth.Role{}
	if org != "" {
		roles[w.orgs[org]] = auth.Role(role)
	}
	return auth.With(context.Background(), authtest.Person(name, roles))
}

const (
	clerk = "wang/operator@agency"
	chief = "zhao/engineer@agency"
	other = "qian/engineer@agency"
)

func (w *world) open(call string, budget int64, fund string) CallRound {
	w.t.Helper()
	r, err := w.service.OpenRound(w.as(chief), NewRound{Org: w.orgs["agency"], Call: call, Name: text.Both("第一批"), Closes: "2026-03-13", Budget: budget, Fund: fund})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) round(id uuid.UUID) CallRound {
	w.t.Helper()
	r := proof.Must(w.service.round(w.t.Context(), w.db, id))
	return proof.Must(w.service.roundView(w.t.Context(), r, w.service.calls.Offered(r.Call)))
}

func content(project string, yuan int64) string {
	return fmt.Sprintf(`{"project":%q,"summary":"firm有限公司联网改造","investment":%d,"begins":"2026-01-01","ends":"2026-12-31","machines":60,"team":"张工"}`, project, yuan*100)
}

func (w *world) start(firm, project string, yuan int64) (flow.Case, error) {
	return w.flows.Open(w.as("li/operator@"+firm), flow.Opening{Flow: "call-hn-demonstration", Org: w.orgs["agency"], Subject: w.orgs[firm], Content: []byte(content(project, yuan))})
}

func (w *world) take(who string, c *flow.Case, action, content string, papers ...flow.Paper) error {
	acting := uuid.Nil
	if action == "object" {
		_, org, _ := strings.Cut(who, "@")
		acting = w.orgs[org]
	}
	next, err := w.flows.Take(w.as(who), c.ID, flow.Taking{Action: action, Basis: c.Revision, Content: []byte(content), Reason: "按规定办理", Documents: papers, Acting: acting})
	if err == nil {
		*c = next
	}
	return err
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
}

// filed is an application that has passed the formal check.
func (w *world) filed(firm, project string, yuan int64) *flow.Case {
	w.t.Helper()
	c, err := w.start(firm, project, yuan)
	w.must(err)
	w.must(w.take("li/operator@"+firm, &c, "submit", `{"truthful":true}`, flow.Paper{Kind: "plan", ID: "plan-" + firm}))
	w.must(w.take(clerk, &c, "check", `{"checkSubject":true,"checkPapers":true,"checkCredit":true,"checkOnce":true}`))
	return &c
}

// scored lets every drawn expert of a round give points.
func (w *world) scored(points func(title, expert string) int) {
	w.t.Helper()
	for _, e := range w.pool {
		ctx := w.as(e.Name)
		for _, r := range proof.Must(w.service.MyReviews(ctx)) {
			if !r.Open || r.State != ReviewDrawn {
				continue
			}
			given := map[string]int{}
			for _, k := range r.Criteria {
				given[k.ID] = points(r.Title, e.Name)
			}
			if _, err := w.service.Score(ctx, r.ID, Scoring{Basis: r.Revision, Points: given, Opinion: "可行", Submit: true}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *world) case_(c *flow.Case) {
	w.t.Helper()
	*c = proof.Must(w.flows.Get(w.as(chief), c.ID))
}

// published brings two applications to publicity; with the one of firm first.
func (w *world) published(budget int64, fund string) (CallRound, *flow.Case, *flow.Case) {
	w.t.Helper()
	r := w.open("hn-demonstration", budget, fund)
	a, b := w.filed("firm", "注塑车间改造", 10_000_000), w.filed("rival", "陶瓷窑炉改造", 40_000_000)
	w.clock = day("2026-03-16")
	r = proof.Must(w.service.Draw(w.as(chief), r.ID, w.round(r.ID).Revision))
	w.scored(func(title, _ string) int { return map[bool]int{true: 8, false: 7}[strings.Contains(title, "注塑")] })
	proof.Must(w.service.Rank(w.as(chief), r.ID, r.Revision))
	r, err := w.service.Publish(w.as(chief), r.ID, w.round(r.ID).Revision)
	w.must(err)
	w.case_(a)
	w.case_(b)
	return r, a, b
}

func (w *world) bind(c *flow.Case, firm string) {
	w.t.Helper()
	power, pieces := uuid.New(), uuid.New()
	w.series[power], w.series[pieces] = w.orgs[firm], w.orgs[firm]
	w.must(w.service.Bind(w.as("li/operator@"+firm), c.ID, "energy", map[string]uuid.UUID{"power": power, "pieces": pieces}))
}

func value(s string, coverage int) Measured {
	v, _ := new(big.Rat).SetString(s)
	return Measured{Value: v, Coverage: coverage, References: []string{"series:1"}, Revision: "7"}
}

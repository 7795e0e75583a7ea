package support

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var shipped = os.DirFS("../../../../packs")

// The texts of Guangzhou and Hunan do not date themselves.
const guangzhou, hunan = "003_585eee0367e423c7.txt", "001_a73fb7626b88447e.txt"

// world is what stands around the room: a register, facts, a pool of providers, each by organisation.
type world struct {
	firms  map[uuid.UUID]Enterprise
	proofs map[string][]Proof // by kind
	pool   map[uuid.UUID]bool
}

func (w *world) Enterprise(_ context.Context, id uuid.UUID, _ string) (Enterprise, bool, error) {
	e, ok := w.firms[id]
	return e, ok, nil
}

func (w *world) All(_ context.Context, _ uuid.UUID, _ string, each func(Enterprise) error) error {
	var list []Enterprise
	for _, e := range w.firms {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Enterprise) int { return strings.Compare(a.Code, b.Code) })
	for _, e := range list {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) Proofs(_ context.Context, _ uuid.UUID, kind string, where []string, _ string) (out []Proof, err error) {
	for _, p := range w.proofs[kind] {
		if key, want, ok := strings.Cut(where[0], "="); ok && p.Record[key] == want {
			out = append(out, p)
		}
	}
	return out, nil
}

func (w *world) Listed(_ context.Context, id uuid.UUID, _ string) (bool, error) {
	return w.pool[id], nil
}
func (w *world) List(context.Context, string) ([]SupportParty, error) { return []SupportParty{}, nil }

type node struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	world   *world
	books   *ledger.Service
	service *Service
	jobs    *job.Runner
	orgs    authtest.Sides
}

func newNode(t testing.TB, db *store.DB, packs fs.FS) *node {
	n := &node{t: t, db: db, clock: time.Date(2019, 6, 1, 2, 0, 0, 0, time.UTC), orgs: authtest.Sides{}}
	for _, name := range []string{"home", "firm", "rival", "provider"} {
		n.orgs[name] = uuid.Must(uuid.NewV7())
	}
	n.world = &world{firms: map[uuid.UUID]Enterprise{}, proofs: map[string][]Proof{}, pool: map[uuid.UUID]bool{n.orgs["provider"]: true}}
	n.world.firms[n.orgs["firm"]] = Enterprise{Org: n.orgs["firm"], Name: text.Both("甲公司"), Code: "91A", Region: "440106", Industry: "3670", Size: "small"}
	n.must(audit.Migrate(t.Context(), db))
	now := func() time.Time { return n.clock }
	n.books = proof.Must(ledger.New(t.Context(), ledger.Options{DB: db, Packs: shipped, Now: now}))
	n.service = proof.Must(New(t.Context(), Options{DB: db, Packs: packs, Measures: proof.Must(incentive.Load(packs, "policy", incentive.Options{})), Enterprises: n.world, Facts: n.world, Books: n.books, Providers: n.world,
		Home: func(context.Context) (uuid.UUID, error) { return n.orgs["home"], nil }, Jobs: func() *job.Runner { return n.jobs }, Now: now, Logger: proof.Logger(t)}))
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) as(name string) context.Context { return n.orgs.As(auth.Engineer, name) }

// operator is who runs the node.
func (n *node) operator() context.Context {
	return auth.With(context.Background(), n.orgs.Person(auth.Owner, "home").AtHome(n.orgs["home"]))
}

func (n *node) date() {
	n.must(n.service.Publish(n.operator(), guangzhou, "2018-03-22", "市政府公报"))
	n.must(n.service.Publish(n.operator(), hunan, "2019-01-01", "省政府公报"))
}

func (n *node) fund(amount int64) {
	n.must(n.books.AddFund(n.as("home"), n.orgs["home"], ledger.Fund{ID: "gz", Name: text.Both("市专项")}))
	if _, err := n.books.Appropriate(n.as("home"), n.orgs["home"], ledger.Appropriation{Fund: "gz", Year: 2019, Amount: amount, Why: "年度预算"}); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) begin(name string) Inquiry {
	n.t.Helper()
	q, err := n.service.Begin(n.as("firm"), n.orgs["firm"], name, "", "2019-06-01")
	n.must(err)
	return q
}

// answer answers and tells what then comes out.
func (n *node) answer(q *Inquiry, answers map[string]string) *Opinion {
	n.t.Helper()
	r := Reply{Basis: q.Revision, Answers: map[string]Answer{}}
	for k, v := range answers {
		r.Answers[k] = Answer(v)
	}
	next, err := n.service.Answer(n.as("firm"), q.ID, r)
	n.must(err)
	*q = next
	o, err := n.service.Opinion(n.as("firm"), q.ID)
	n.must(err)
	return o
}

func asked(o *Opinion, fact string) *SupportAsk {
	if i := slices.IndexFunc(o.Asks, func(a SupportAsk) bool { return a.Fact == fact }); i >= 0 {
		return &o.Asks[i]
	}
	return nil
}

package policy

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/bench/result"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow"
	"jingwei/packs"
)

// Goals of the desk: what is due among so many running cases, in ms.
const (
	dueMillis = 100.0
	deskCases = 100_000
)

const (
	together = 500 // cases opened in one transaction, at most
	offices  = 20  // other organisations on the same node, with every tenth case
	waited   = 30  // days over which the cases were opened: most deadlines of three working days have passed
)

// desk fills a database with running cases, each opened by the room itself, and asks what is due: an officer's list in all the ways in
// which the desk's page asks, the counts above it, and what the node asks for itself.
func desk(ctx context.Context, o Options, r *result.Result, w io.Writer) error {
	n, calls := cmp.Or(o.cases, deskCases), 300
	if o.Quick {
		n, calls = cmp.Or(o.cases, deskCases/5), 100
	}
	address := o.Database
	if address == "" {
		dir, err := os.MkdirTemp("", "jingwei-bench-policy-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		address = "sqlite://" + filepath.Join(dir, "records.db")
	}
	db, err := store.Open(ctx, address, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := audit.Migrate(ctx, db); err != nil {
		return err
	}
	today := time.Date(2026, 5, 29, 9, 0, 0, 0, time.UTC)
	clock := today
	room, err := flow.New(ctx, flow.Options{DB: db, Packs: packs.Files, Documents: none{}, Now: func() time.Time { return clock }})
	if err != nil {
		return err
	}
	office := uuid.Must(uuid.NewV7())
	others := make([]uuid.UUID, offices)
	for i := range others {
		others[i] = uuid.Must(uuid.NewV7())
	}
	person := func(name string, org uuid.UUID, role auth.Role) context.Context {
		return auth.With(ctx, auth.NewPrincipal(auth.KindPerson, uuid.NewSHA1(org, []byte(name)), name, name, map[uuid.UUID]auth.Role{org: role}))
	}
	rnd := rand.New(rand.NewPCG(o.Seed, 0x6475))
	begun := time.Now()
	part := max(1, min(together, n/waited)) // some every day
	for from := 0; from < n; from += part {
		clock = today.Add(-waited * 24 * time.Hour / time.Duration(n) * time.Duration(n-from))
		err := db.InTx(ctx, func(inside context.Context, _ bun.Tx) error {
			for i := from; i < min(n, from+part); i++ {
				org := office
				if i%10 == 9 {
					org = others[rnd.IntN(offices)]
				}
				if err := open(inside, room, person("clerk", org, auth.Operator), person("chief", org, auth.Owner), org, i, rnd); err != nil {
					return err
				}
				clock = clock.Add(time.Second)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill the desk: %w", err)
		}
	}
	clock = today
	if db.Engine() == store.Postgres { // as its own daemon does before long
		if _, err := db.ExecContext(ctx, "VACUUM (ANALYZE)"); err != nil {
			return err
		}
	}
	r.Figures["cases"], r.Figures["casesFillSeconds"] = n, time.Since(begun).Seconds()
	r.Versions["records"] = string(db.Engine())
	fmt.Fprintf(w, "\n%d running cases opened in %s, in %s\n\n", n, time.Since(begun).Round(time.Millisecond), db.Engine())
	return questions(person("chief", office, auth.Owner), auth.AsSystem(ctx, "bench"), room, office, today, n, calls, db.Engine() == store.Postgres, r, w)
}

// open opens an approval, and takes every fourth on to its second approval.
func open(inside context.Context, room *flow.Service, clerk, chief context.Context, org uuid.UUID, i int, rnd *rand.Rand) error {
	as := func(who context.Context) context.Context { // in the transaction that is open
		p, _ := auth.FromContext(who)
		return auth.With(inside, p)
	}
	c, err := room.Open(as(clerk), flow.Opening{Flow: "approval", Org: org, Content: fmt.Appendf(nil, `{"matter":"采购第 %d 批备件","amount":%d}`, i, 10_000_000+rnd.Int64N(90_000_000))})
	if err != nil || i%4 != 0 {
		return err
	}
	_, err = room.Take(as(chief), c.ID, flow.Taking{Action: "approve", Basis: c.Revision})
	return err
}

// questions asks each question many times and judges how long the answers take: processor time, so that a busy machine does not spoil it;
// by the clock where the database is a server apart.
func questions(officer, node context.Context, room *flow.Service, office uuid.UUID, now time.Time, n, calls int, apart bool, r *result.Result, w io.Writer) error {
	list := func(ctx context.Context, f flow.DueFilter, after string) (int, string, error) {
		lines, next, err := room.DueList(ctx, office, f, store.Page{Limit: 50, After: after})
		return len(lines), next, err
	}
	_, second, err := list(officer, flow.DueFilter{}, "")
	if err != nil {
		return err
	}
	middle, err := deep(officer, room, office, n*9/20) // a page half-way down the list
	if err != nil {
		return err
	}
	end := now.Add(24 * time.Hour).UnixNano()
	asked := []struct {
		name, key string
		ask       func() (int, error)
	}{
		{"an officer: first page of what is due", "dueFirst", func() (int, error) { n, _, err := list(officer, flow.DueFilter{}, ""); return n, err }},
		{"an officer: the next page", "dueNext", func() (int, error) { n, _, err := list(officer, flow.DueFilter{}, second); return n, err }},
		{"an officer: a page half-way down", "dueMiddle", func() (int, error) { n, _, err := list(officer, flow.DueFilter{}, middle); return n, err }},
		{"an officer: what is overdue", "dueOverdue", func() (int, error) { n, _, err := list(officer, flow.DueFilter{Overdue: true}, ""); return n, err }},
		{"an officer: what ends by tomorrow, of one role", "dueRole", func() (int, error) {
			n, _, err := list(officer, flow.DueFilter{Role: "approver", Until: end}, "")
			return n, err
		}},
		{"an officer: for whom it waits in person", "dueMine", func() (int, error) { n, _, err := list(officer, flow.DueFilter{Mine: true}, ""); return n, err }},
		{"an officer: the counts", "dueCounts", func() (int, error) { c, err := room.DueCounts(officer, office); return int(c.All), err }},
		{"the node: what is due on that desk", "nodeDue", func() (int, error) { n, _, err := list(node, flow.DueFilter{}, ""); return n, err }},
		{"the node: the counts", "nodeCounts", func() (int, error) { c, err := room.DueCounts(node, office); return int(c.All), err }},
		{"an officer: running cases, first page", "casesRunning", func() (int, error) {
			l, _, err := room.List(officer, flow.Filter{Running: true}, store.Page{Limit: 50})
			return len(l), err
		}},
	}
	t := result.Table{Head: []string{fmt.Sprintf("%d running cases", n), "answers", "median, ms", "p99, ms", "p99 by the clock, ms"}}
	for _, q := range asked {
		var took, clock []float64
		found := 0
		for i := range calls + 10 {
			begun, spent := time.Now(), cpu()
			if found, err = q.ask(); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			one, byClock := cpu()-spent, time.Since(begun)
			if apart {
				one = byClock
			}
			if i >= 10 { // warm
				took, clock = append(took, millis(one)), append(clock, millis(byClock))
			}
			if officer.Err() != nil {
				return officer.Err()
			}
		}
		slices.Sort(took)
		slices.Sort(clock)
		p50, p99 := took[len(took)/2], took[len(took)*99/100]
		t.Add(q.name, fmt.Sprint(found), result.Number(p50), result.Number(p99), result.Number(clock[len(clock)*99/100]))
		r.Figures[q.key+"Millis"], r.Figures[q.key+"P99Millis"] = p50, p99
		r.AtMost(q.name+", p99, ms", p99, dueMillis)
	}
	mine, err := room.DueCounts(officer, office)
	if err != nil {
		return err
	}
	want := int64(n - n/10)
	r.Holds("every running case of the desk waits on it once", mine.All == want && mine.Overdue > 0 && mine.Overdue < want)
	r.Figures["desk"], r.Figures["overdue"] = mine.All, mine.Overdue
	fmt.Fprint(w, t.String())
	if n < deskCases {
		r.Note("a short run: the goals of the desk are for %d running cases", deskCases)
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// deep walks down an officer's list and returns the cursor behind so many lines.
func deep(ctx context.Context, room *flow.Service, office uuid.UUID, lines int) (string, error) {
	after := ""
	for seen := 0; seen < lines; {
		list, next, err := room.DueList(ctx, office, flow.DueFilter{}, store.Page{Limit: store.MaxLimit, After: after})
		if err != nil || next == "" {
			return after, err
		}
		seen, after = seen+len(list), next
	}
	return after, nil
}

// none says that no papers were handed in: an approval asks for none.
type none struct{}

func (none) Document(context.Context, uuid.UUID, string) (flow.Document, error) {
	return flow.Document{}, store.ErrNotFound
}

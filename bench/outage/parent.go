package outage

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// silent takes conditions and keeps none.
type silent struct{}

func (silent) Raise(context.Context, condition.Condition) {}
func (silent) Clear(context.Context, string, string)      {}

// noGateways lets no gateway in.
type noGateways struct{}

func (noGateways) Admit(federate.Visit) error {
	return &federate.Goodbye{Code: federate.CodeIdentity, Text: "no gateways here"}
}
func (noGateways) Began(*federate.Session, bool)                                    {}
func (noGateways) Ended(*federate.Session, error)                                   {}
func (noGateways) Control(context.Context, *federate.Session, *federate.Desk) error { return nil }
func (noGateways) Stream(*federate.Session) federate.ReceiverOptions {
	return federate.ReceiverOptions{}
}

// parent is the node that is killed and comes back.
type parent struct {
	p        *plan
	db       *store.DB
	orgs     *org.Service
	room     *neighbour.Service
	figures  *figure.Store
	composer *figure.Composer
	evidence *evidence.Log
	home     org.Org
	node     uuid.UUID
	link     string
	began    time.Time
	idle     atomic.Int64 // how often the composer found nothing to do
}

// runParent opens the parent in a folder and answers orders until the input ends.
func runParent(ctx context.Context, p *plan, dir, address string, log *slog.Logger, talk func(do func(order) answer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	x := &parent{p: p, began: time.Now(), node: uuid.NewSHA1(uuid.NameSpaceOID, []byte("parent"))}
	var err error
	if x.db, err = store.Open(ctx, store.SQLiteURL(filepath.Join(dir, "records.db")), store.Options{Logger: log}); err != nil {
		return err
	}
	defer x.db.Close()
	if err := audit.Migrate(ctx, x.db); err != nil {
		return err
	}
	if x.orgs, err = org.New(ctx, x.db, time.Now); err != nil {
		return err
	}
	people, err := auth.New(ctx, auth.Options{DB: x.db, Orgs: x.orgs, Now: time.Now, Logger: log})
	if err != nil {
		return err
	}
	authority, err := auth.OpenAuthority(file.OS(), filepath.Join(dir, "authority"), time.Now)
	if err != nil {
		return err
	}
	origin := "jingwei.node/" + x.node.String()
	keys, err := evidence.LoadKeys(file.OS(), dir, origin)
	if err != nil {
		return err
	}
	if x.evidence, err = evidence.Open(evidence.Options{FS: file.OS(), Dir: filepath.Join(dir, "evidence"), Origin: origin, Keys: keys, Now: time.Now, Logger: log}); err != nil {
		return err
	}
	defer x.evidence.Close()
	x.orgs.SetNode(x.node, keys[0].Verifier().String())
	var found bool
	if x.home, found, err = x.orgs.Home(ctx); err != nil {
		return err
	}
	if !found {
		if x.home, err = x.orgs.Create(ctx, org.Org{Kind: org.Government, Name: text.Both("parent"), Home: true}, uuid.Nil); err != nil {
			return err
		}
	}
	serving, err := authority.Serve([]string{"127.0.0.1"})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	x.link = ln.Addr().String()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	x.room, err = neighbour.New(ctx, neighbour.Options{DB: x.db, Orgs: x.orgs, Certificates: people, Authority: authority, Board: silent{}, FS: file.OS(), Dir: filepath.Join(dir, "neighbours"),
		Node: x.node, NodeName: "parent", Key: x.orgs.NodeKey(), Version: "bench", URL: func() string { return "https://" + door.Addr().String() }, Link: func() string { return x.link }, Now: time.Now, Logger: log})
	if err != nil {
		return err
	}
	if err := x.openFigures(ctx, log); err != nil {
		return err
	}
	server, err := x.door(ctx, people, log)
	if err != nil {
		return err
	}
	server.TLSConfig = serving.Clone()
	work.Go(func() { _ = server.ServeTLS(door, "", "") })
	defer server.Close()
	packer, err := federate.NewPacker(2)
	if err != nil {
		return err
	}
	linking := serving.Clone()
	linking.ClientCAs = authority.Pool()
	listener := &federate.Listener{Node: x.node, Instance: uuid.New(), Software: "bench", TLS: linking, Host: noGateways{}, Nodes: x.room.Host(), Now: time.Now, Logger: log, Packer: packer}
	work.Go(func() { _ = listener.Serve(ctx, ln) })
	work.Go(func() { _ = x.room.Run(ctx) })
	work.Go(func() { x.compose(ctx) })
	return talk(func(o order) answer {
		a, err := x.do(ctx, o)
		if err != nil {
			a.Error = err.Error()
		}
		return a
	})
}

// openFigures opens the figure room as a node has it.
func (x *parent) openFigures(ctx context.Context, log *slog.Logger) (err error) {
	if x.figures, err = figure.OpenStore(ctx, x.db); err != nil {
		return err
	}
	_, err = x.db.NewRaw("INSERT INTO figure_keeper (org, version, scope, adopted, reason, actor, at) VALUES (?, 1, '430000', '[]', 'bench', '{}', 1) ON CONFLICT DO NOTHING", x.home.ID.String()).Exec(ctx)
	if err != nil {
		return err
	}
	x.composer = figure.NewComposer(figure.ComposerOptions{Store: x.figures, Library: x.p.library, Sources: register{x.p}, Changes: register{x.p}, Agreements: x.orgs, Streams: streams{x.room}, Log: x.evidence,
		Node: x.node, Now: time.Now, Logger: log})
	x.room.OnIncoming(x.composer.Incoming)
	x.room.OnEpoch(x.composer.Afresh)
	return nil
}

// compose is Composer.Run, and counts when there was nothing to do.
func (x *parent) compose(ctx context.Context) {
	ctx = auth.AsSystem(ctx, "figures")
	for ctx.Err() == nil {
		worked, err := x.composer.Step(ctx)
		if worked && err == nil {
			continue
		}
		x.idle.Add(1)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// door is the HTTP API as far as joining needs it. Each request is taken as another address's: a thousand nodes do not join from one.
func (x *parent) door(ctx context.Context, people api.Authenticator, log *slog.Logger) (*http.Server, error) {
	s, err := api.New(ctx, api.Options{Auth: people, Now: time.Now, Logger: log})
	if err != nil {
		return nil, err
	}
	x.room.Routes(s)
	var n atomic.Uint32
	return &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.1:1", i>>8&255, i&255)
		s.Handler().ServeHTTP(w, r)
	})}, nil
}

func (x *parent) do(ctx context.Context, o order) (a answer, err error) {
	switch o.Do {
	case "link":
		a.Link, a.Seconds = x.link, time.Since(x.began).Seconds()
	case "invite":
		for i := range o.N {
			v, err := x.room.Invite(auth.AsSystem(ctx, "bench"), fmt.Sprintf("child %d", i), uuid.Nil)
			if err != nil {
				return a, err
			}
			a.Codes = append(a.Codes, v.Code)
		}
	case "agree":
		return a, x.agree(ctx)
	case "stats":
		return x.stats(ctx)
	case "heap":
		return a, heap("parent")
	case "verify":
		return x.verify(ctx)
	default:
		err = fmt.Errorf("no order %q", o.Do)
	}
	return a, err
}

// agree asks every child for all figures.
func (x *parent) agree(ctx context.Context) error {
	peers, err := x.room.Peers(ctx)
	if err != nil {
		return err
	}
	for i := range peers {
		if peers[i].Org == nil {
			return fmt.Errorf("%s has not told who runs it", peers[i].Name)
		}
		terms := org.Agreement{Kind: "parent", Giver: org.Party{Node: peers[i].Node, Org: peers[i].Org.ID, CreditCode: peers[i].Org.CreditCode, Name: peers[i].Org.Name}, Taker: org.Party{Org: x.home.ID}, Figures: x.p.figures(),
			Detail: org.DetailEnterprise, Drill: org.LevelReadings, Onward: org.LevelNone, Span: org.Span{To: time.Now().AddDate(1, 0, 0).UnixNano()}, Purpose: "statistics", Words: "monthly figures"}
		if _, err := x.orgs.RequestAgreement(ctx, terms, "bench"); err != nil {
			return err
		}
	}
	return nil
}

func (x *parent) stats(ctx context.Context) (a answer, err error) {
	peers, err := x.room.Peers(ctx)
	if err != nil {
		return a, err
	}
	for i := range peers {
		if peers[i].Linked {
			a.Linked++
		}
	}
	err = x.db.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(last), 0), COALESCE(SUM(CASE WHEN checked >= ? THEN 1 ELSE 0 END), 0), COALESCE(SUM(repaired), 0) FROM neighbour_in", x.began.UnixNano()).
		Scan(&a.Streams, &a.Records, &a.Checked, &a.Repairs)
	if err != nil {
		return a, err
	}
	err = x.db.QueryRowContext(ctx, "SELECT COALESCE(SUM(position), 0) FROM figure_cursor WHERE name LIKE 'given:%'").Scan(&a.Taken)
	a.Routine, a.Files, a.Idle = runtime.NumGoroutine(), files(), x.idle.Load()
	return a, err
}

// streams are the streams of agreements (figure.Streams).
type streams struct{ room *neighbour.Service }

func (s streams) Put(ctx context.Context, tx bun.IDB, agreement uuid.UUID, records [][]byte) error {
	return s.room.Put(ctx, tx, agreement, records)
}

func (s streams) Incoming(ctx context.Context, agreement uuid.UUID, epoch, after uint64, limit int) ([]figure.Came, error) {
	list, err := s.room.Incoming(ctx, agreement, epoch, after, limit)
	return store.All(list, func(r *neighbour.Record) figure.Came { return figure.Came{Seq: r.Seq, Bytes: r.Bytes} }), err
}

func (s streams) Stands(ctx context.Context, agreement uuid.UUID) (epoch, last uint64, err error) {
	st, err := s.room.Stream(ctx, agreement)
	return st.Epoch, st.Last, err
}

// register lists the children; nothing else is known of them but what they say (figure.Sources, figure.Changes).
type register struct{ p *plan }

func (register) Names() []string { return nil }
func (register) After(_ context.Context, _ string, c figure.Cursor, _ int) ([]figure.Change, figure.Cursor, error) {
	return nil, c, nil
}
func (register) Observe(context.Context, uuid.UUID, *indicator.Definition, indicator.Period, string) (*indicator.Valuation, error) {
	return nil, store.ErrNotFound
}
func (register) Self(context.Context, uuid.UUID, string) (indicator.Enterprise, error) {
	return indicator.Enterprise{}, store.ErrNotFound
}
func (register) Counted(context.Context, uuid.UUID, string, *indicator.Definition, indicator.Period, string) (*indicator.Valuation, error) {
	return nil, store.ErrNotFound
}
func (register) Complete(_ context.Context, _ *indicator.Definition, _ indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return o, nil
}
func (r register) Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error) {
	return indicator.Draw(ctx, r, keeper, indicator.Region{Code: scope}, f, day)
}
func (r register) Each(_ context.Context, _ uuid.UUID, _ string, call func(indicator.Enterprise) error) error {
	for i := range r.p.codes {
		e := r.p.firm(i)
		e.Entry = uuid.NewSHA1(uuid.NameSpaceOID, []byte(e.Code))
		if err := call(e); err != nil {
			return err
		}
	}
	return nil
}
func (register) One(context.Context, uuid.UUID, string) (uuid.UUID, indicator.Enterprise, bool, error) {
	return uuid.Nil, indicator.Enterprise{}, false, nil
}

// verify compares every record of every stream with what the child has put, and every enterprise's observation with what it said last.
func (x *parent) verify(ctx context.Context) (a answer, err error) {
	wrong := func(format string, args ...any) {
		if len(a.Wrong) < 10 {
			a.Wrong = append(a.Wrong, fmt.Sprintf(format, args...))
		}
	}
	agreed, err := x.orgs.ActiveAgreements(ctx, time.Now().UnixNano())
	if err != nil {
		return a, err
	}
	if len(agreed) != x.p.Children {
		wrong("%d agreements of %d", len(agreed), x.p.Children)
	}
	by := map[string]int{}
	for i, code := range x.p.codes {
		by[code] = i
	}
	for i := range agreed {
		child, ok := by[agreed[i].Giver.CreditCode]
		if !ok {
			wrong("an agreement with %s", agreed[i].Giver.CreditCode)
			continue
		}
		at := uint64(0)
		for round := range x.p.Rounds + 1 {
			list, _ := x.p.round(child, round)
			for len(list) > 0 {
				came, err := x.room.Incoming(ctx, agreed[i].ID, 1, at, len(list))
				if err != nil {
					return a, err
				}
				if len(came) == 0 {
					wrong("child %d: %d records", child, at)
					break
				}
				for n, r := range came {
					if at++; r.Seq != at || string(r.Bytes) != string(list[n]) {
						wrong("child %d: number %d stands at the place %d, or says something else", child, r.Seq, at)
					}
					a.Bytes += int64(len(r.Bytes))
					a.Records++
				}
				list = list[len(came):]
			}
		}
		if more, err := x.room.Incoming(ctx, agreed[i].ID, 1, at, 1); err != nil || len(more) > 0 {
			wrong("child %d: more than %d records, %v", child, at, err)
		}
	}
	return a, x.verifyFigures(ctx, &a, wrong)
}

func (x *parent) verifyFigures(ctx context.Context, a *answer, wrong func(string, ...any)) error {
	last := make([][]indicator.Observation, x.p.Children)
	for child := range last {
		_, last[child] = x.p.round(child, x.p.Rounds)
	}
	for n, d := range x.p.library.Definitions() {
		k := figure.ColumnKey{Keeper: x.home.ID, Source: figure.Remote, Indicator: d.ID, Kind: x.p.period.Kind, Period: x.p.period.Label}
		rows, err := x.figures.Column(ctx, x.db, k, figure.Now)
		if err != nil {
			return err
		}
		said := map[string][]byte{}
		for _, r := range rows {
			said[r.Code] = r.Observation
		}
		for child, code := range x.p.codes {
			if string(said[code]) != string(last[child][n].Encode()) {
				wrong("%s of child %d is not what it said last", d.ID, child)
			}
		}
		key := figure.Key{Keeper: x.home.ID, Indicator: d.ID, Filter: figure.All, Kind: x.p.period.Kind, Period: x.p.period.Label}
		f, err := x.figures.Figure(ctx, x.db, key.ID(), figure.Now)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(key.Name()), err)
		}
		want := indicator.NewAccount(d)
		adder := x.p.library.NewAdder(d, x.p.period, want)
		for child := range x.p.codes {
			if err := adder.Add(last[child][n].Encode()); err != nil {
				return err
			}
		}
		adder.Done()
		if string(f.Account) != string(want.Encode()) {
			wrong("the figure %s is not what the children come to", d.ID)
		}
		a.Figures++
	}
	return nil
}

package correction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// node is a store with series of organisation a, and the room.
type node struct {
	t        *testing.T
	db       *store.DB
	dir      string
	clock    time.Time
	store    *telemetrytest.Store
	cat      telemetry.MemoryCatalog
	service  *Service
	failing  *failing
	sides    authtest.Sides
	producer uuid.UUID
	series   map[telemetry.Type]uuid.UUID
}

// failing is the store with a door that closes after some batches.
type failing struct {
	*telemetry.Store
	after int // batches that still pass; -1: all
}

var errShut = errors.New("the disk is full")

func (f *failing) Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	if f.after == 0 {
		return errShut
	}
	f.after--
	return f.Store.Append(ctx, producer, epoch, seq, b, done)
}

func newNode(t *testing.T, db *store.DB) *node {
	n := &node{t: t, db: db, dir: t.TempDir(), clock: begin.Add(24 * time.Hour), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())},
		producer: uuid.Must(uuid.NewV7()), series: map[telemetry.Type]uuid.UUID{}}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.open()
	t.Cleanup(func() { n.close() }) // the one that is open then
	for _, typ := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String} {
		n.series[typ] = uuid.Must(uuid.NewV7())
		proof.Must(n.store.Declare(t.Context(), []telemetry.Declaration{{ID: n.series[typ], Org: n.sides["a"], Type: typ, Report: telemetry.Periodic, MaxSilence: 10 * time.Second}}))
	}
	return n
}

func (n *node) now() time.Time { n.clock = n.clock.Add(time.Millisecond); return n.clock }

func (n *node) open() {
	n.store = telemetrytest.Open(n.t, telemetrytest.Options{Dir: n.dir, Catalog: &n.cat, Now: func() time.Time { return n.clock }})
	n.failing = &failing{n.store.Store, -1}
	n.service = proof.Must(New(n.t.Context(), Options{DB: n.db, Store: n.failing, Now: n.now, Logger: proof.Logger(n.t)}))
}

func (n *node) close() { n.store.Close() }

// fill stores a value each second: 0, 1, 2 and so on, as the type has them.
func (n *node) fill(typ telemetry.Type, rows int) {
	ref, _ := n.store.Lookup(n.series[typ])
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for i := range rows {
		at := begin.Add(time.Duration(i) * time.Second).UnixNano()
		bits := uint64(i)
		switch typ {
		case telemetry.Float64:
			bits = math.Float64bits(float64(i))
		case telemetry.Bool:
			bits = uint64(i & 1)
		case telemetry.String:
			b.Text = append(b.Text, fmt.Sprint("state ", i))
		}
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, bits)
	}
	n.store.Send(n.producer, b)
}

// rival stores another value at a source time.
func (n *node) rival(series uuid.UUID, at time.Time, value float64) {
	ref, _ := n.store.Lookup(series)
	n.store.Send(n.producer, &telemetry.Batch{Origin: telemetry.Measured, Ref: []telemetry.Ref{ref}, Time: []int64{at.UnixNano()}, Gateway: []int64{at.UnixNano()}, Bits: []uint64{math.Float64bits(value)}})
}

// says is what is said now, value by value; as of a commit if not 0.
func (n *node) says(typ telemetry.Type, asOf uint64) string {
	ref, _ := n.store.Lookup(n.series[typ])
	p := proof.Must(n.store.Raw(n.t.Context(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{AsOf: asOf}))
	var out []string
	for _, s := range p.Samples {
		word := fmt.Sprint(time.Unix(0, s.Time).Sub(begin).Seconds(), "=")
		switch {
		case s.Flags&telemetry.NoValue != 0:
			word += "none"
		case typ == telemetry.Float64:
			word += fmt.Sprint(math.Float64frombits(s.Value.Bits))
		case typ == telemetry.String:
			word += s.Value.Text
		default:
			word += fmt.Sprint(int64(s.Value.Bits))
		}
		if !s.Status.IsGood() {
			word += "!"
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

func at(second int) time.Time { return begin.Add(time.Duration(second) * time.Second) }

func ptr[T any](v T) *T { return &v }

func values(pairs ...any) (out []Given) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Given{Time: at(pairs[i].(int)), Value: json.RawMessage(pairs[i+1].(string))})
	}
	return out
}

const why = "the sensor was unplugged during maintenance"

func TestEachKindCorrectsAndIsUndone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := n.sides.As(auth.Engineer, "a")
		for _, typ := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.String} {
			n.fill(typ, 5)
		}
		for _, c := range []struct {
			typ   telemetry.Type
			words Words
			want  string
		}{
			{telemetry.Float64, Words{Kind: Set, Values: values(1, "10.5", 3, "-2")}, "0=0 1=10.5 2=2 3=-2 4=4"},
			{telemetry.Float64, Words{Kind: Scale, From: at(1), To: at(3), Factor: ptr(2.0), Offset: ptr(0.5)}, "0=0 1=2.5 2=4.5 3=3 4=4"},
			{telemetry.Float64, Words{Kind: Regrade, From: at(0), To: at(2), Status: ptr(uint32(telemetry.Bad))}, "0=0! 1=1! 2=2 3=3 4=4"},
			{telemetry.Float64, Words{Kind: Withdraw, From: at(2), To: at(4)}, "0=0 1=1 4=4"},
			{telemetry.Float64, Words{Kind: Withdraw, From: at(3), To: at(5)}, "0=0 1=1 2=2"},
			{telemetry.Float64, Words{Kind: Enter, Values: values(-1, "7", 9, "8")}, "-1=7 0=0 1=1 2=2 3=3 4=4 9=8"},
			{telemetry.Int64, Words{Kind: Set, Values: values(0, `"9007199254740993"`)}, "0=9007199254740993 1=1 2=2 3=3 4=4"},
			{telemetry.Int64, Words{Kind: Scale, From: at(0), To: at(5), Factor: ptr(-3.0), Offset: ptr(1.0)}, "0=1 1=-2 2=-5 3=-8 4=-11"},
			{telemetry.String, Words{Kind: Set, Values: values(2, `"停机"`)}, "0=state 0 1=state 1 2=停机 3=state 3 4=state 4"},
			{telemetry.String, Words{Kind: Withdraw, From: at(0), To: at(4)}, "4=state 4"},
		} {
			c.words.Reason, c.words.Reference = why, "工单 42"
			before := n.says(c.typ, 0)
			p, err := n.service.Try(ctx, n.series[c.typ], c.words)
			if err != nil {
				t.Fatalf("%v: %v", c.words, err)
			}
			if got := n.says(c.typ, 0); got != before {
				t.Fatalf("a preview has changed %s to %s", before, got)
			}
			made, err := n.service.Make(ctx, n.series[c.typ], c.words, p.Basis)
			if err != nil || made.State != Applied || made.Rows != p.Rows {
				t.Fatalf("%v: %+v %v", c.words, made, err)
			}
			if got := n.says(c.typ, 0); got != c.want {
				t.Errorf("%s: %s, want %s", c.words.Kind, got, c.want)
			}
			if got := n.says(c.typ, made.Basis); got != before {
				t.Errorf("%s: as of its basis %s, want %s", c.words.Kind, got, before)
			}
			if err := n.store.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			undone, err := n.service.Undo(ctx, made.ID, "it was the wrong day", "", 0)
			if err != nil || undone.Rows != made.Rows {
				t.Fatalf("undo %v: %+v %v", c.words, undone, err)
			}
			if got := n.says(c.typ, 0); got != before {
				t.Errorf("undone %s: %s, want %s", c.words.Kind, got, before)
			}
			if _, err := n.service.Undo(ctx, made.ID, why, "", 0); !errors.Is(err, ErrUndone) {
				t.Errorf("undone twice: %v", err)
			}
			redone, err := n.service.Undo(ctx, undone.ID, "it was the right day after all", "", 0)
			if got := n.says(c.typ, 0); err != nil || got != c.want {
				t.Errorf("redone %s: %s, want %s (%v)", c.words.Kind, got, c.want, err)
			}
			if _, err := n.service.Undo(ctx, redone.ID, why, "", 0); err != nil {
				t.Fatal(err)
			}
		}
		list, _, err := n.service.List(ctx, uuid.Nil, Filter{Series: n.series[telemetry.String]}, store.Page{Limit: 3})
		if err != nil || len(list) != 3 || list[0].Kind != Undo || list[0].Reason != why || list[0].By.Name != "engineer@a" {
			t.Errorf("list: %+v %v", list, err)
		}
		entries, _, err := audit.List(t.Context(), db, auth.System(n.sides["a"]), audit.Filter{}, store.Page{Limit: 100})
		if err != nil || len(entries) != 40 || entries[0].Verb != "telemetry.correct" {
			t.Errorf("%d audit entries, want 40: %v", len(entries), err)
		}
	})
}

func TestWhatCannotBeCorrectedIsRefusedWhole(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.sides.As(auth.Engineer, "a")
	for typ := range n.series {
		n.fill(typ, 5)
	}
	long := strings.Repeat("很", MaxReason+1)
	for _, c := range []struct {
		typ  telemetry.Type
		w    Words
		want *problem.Kind
		text string
	}{
		{telemetry.Float64, Words{Kind: Withdraw, From: at(0), To: at(2)}, ErrReason, "body.reason"},
		{telemetry.Float64, Words{Kind: Withdraw, From: at(0), To: at(2), Reason: long}, ErrReason, ""},
		{telemetry.Float64, Words{Kind: Withdraw, From: at(0), To: at(2), Reason: why, Reference: strings.Repeat("x", 501)}, ErrReference, ""},
		{telemetry.Float64, Words{Kind: "erase", From: at(0), To: at(2), Reason: why}, ErrKind, ""},
		{telemetry.Float64, Words{Kind: Undo, From: at(0), To: at(2), Reason: why}, ErrKind, ""},
		{telemetry.Float64, Words{Kind: Withdraw, From: at(2), To: at(2), Reason: why}, ErrSpan, "body.to"},
		{telemetry.Float64, Words{Kind: Withdraw, To: at(2), Reason: why}, ErrSpan, "body.from"},
		{telemetry.Float64, Words{Kind: Withdraw, From: at(0), To: at(2), Values: values(0, "1"), Reason: why}, ErrValues, ""},
		{telemetry.Float64, Words{Kind: Set, Reason: why}, ErrValues, ""},
		{telemetry.Float64, Words{Kind: Set, Values: values(3, "1", 3, "2"), Reason: why}, ErrOrder, "body.values[1].time"},
		{telemetry.Float64, Words{Kind: Set, Values: values(0, "1", 1, `"hot"`), Reason: why}, ErrValue, "body.values[1].value"},
		{telemetry.Int64, Words{Kind: Set, Values: values(0, "1.5"), Reason: why}, ErrValue, ""},
		{telemetry.Int64, Words{Kind: Set, Values: values(0, `"9223372036854775808"`), Reason: why}, ErrValue, ""},
		{telemetry.Bool, Words{Kind: Set, Values: values(0, "1"), Reason: why}, ErrValue, ""},
		{telemetry.Float64, Words{Kind: Set, Values: values(0, "1", 7, "2"), Reason: why}, ErrNoSample, ""},
		{telemetry.Float64, Words{Kind: Enter, Values: values(-3, "1", 2, "2"), Reason: why}, ErrSample, ""},
		{telemetry.Bool, Words{Kind: Scale, From: at(0), To: at(2), Factor: ptr(2.0), Reason: why}, ErrScale, ""},
		{telemetry.Float64, Words{Kind: Scale, From: at(0), To: at(2), Factor: ptr(math.Inf(1)), Reason: why}, ErrFactor, ""},
		{telemetry.Float64, Words{Kind: Scale, From: at(0), To: at(2), Reason: why}, ErrFactor, ""},
		{telemetry.Int64, Words{Kind: Scale, From: at(0), To: at(2), Factor: ptr(1.5), Reason: why}, ErrFactor, ""},
		{telemetry.Int64, Words{Kind: Scale, From: at(0), To: at(5), Factor: ptr(1 << 62 * 1.0), Reason: why}, ErrOverflow, ""},
		{telemetry.Float64, Words{Kind: Regrade, From: at(0), To: at(5), Reason: why}, ErrStatus, ""},
		{telemetry.Float64, Words{Kind: Regrade, From: at(0), To: at(5), Status: ptr(uint32(0)), Reason: why}, ErrNothing, ""},
		{telemetry.Float64, Words{Kind: Withdraw, From: at(100), To: at(200), Reason: why}, ErrNothing, ""},
	} {
		before := n.store.Journal.Last().Number
		_, err := n.service.Make(ctx, n.series[c.typ], c.w, 0)
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s of %v: %v, want %v at %s", c.w.Kind, c.typ, err, c.want, c.text)
		}
		if n.store.Journal.Last().Number != before {
			t.Errorf("%v: something was stored", c.want)
		}
	}
	list, _, err := n.service.List(ctx, uuid.Nil, Filter{}, store.Page{Limit: 10})
	if err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestACorrectionStandsOnWhatWasSeen(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.sides.As(auth.Engineer, "a")
	f := n.series[telemetry.Float64]
	n.fill(telemetry.Float64, 5)
	w := Words{Kind: Withdraw, From: at(0), To: at(3), Reason: why}
	p := proof.Must(n.service.Try(ctx, f, w))
	if p.Rows != 3 || p.Before.Good != 3 || p.Before.Mean != 1 || p.After.Withdrawn != 3 || len(p.Changes) != 3 {
		t.Errorf("preview: %+v", p)
	}
	first := proof.Must(n.service.Make(ctx, f, Words{Kind: Set, Values: values(1, "50"), Reason: why}, 0))
	if _, err := n.service.Make(ctx, f, w, p.Basis); !errors.Is(err, ErrChanged) {
		t.Errorf("a sample was set after the preview: %v", err)
	}
	proof.Must(n.service.Make(ctx, f, w, 0))
	if _, err := n.service.Undo(ctx, first.ID, why, "", 0); !errors.Is(err, ErrLater) {
		t.Errorf("a later correction stands on it: %v", err)
	}
	// What comes late at a corrected time counts when the correction is undone: who looked before is told.
	r := proof.Must(n.service.Make(ctx, f, Words{Kind: Set, Values: values(4, "40"), Reason: why}, 0))
	p = proof.Must(n.service.TryUndo(ctx, r.ID, why, ""))
	n.rival(f, at(4), 41)
	if _, err := n.service.Undo(ctx, r.ID, why, "", p.Basis); !errors.Is(err, ErrChanged) {
		t.Errorf("another sample came after the preview of undoing: %v", err)
	}
	p = proof.Must(n.service.TryUndo(ctx, r.ID, why, ""))
	proof.Must(n.service.Undo(ctx, r.ID, why, "", p.Basis))
	if got := n.says(telemetry.Float64, 0); got != "3=3 4=41" {
		t.Errorf("undone: %s", got)
	}
	proof.Must(n.service.Make(ctx, f, Words{Kind: Set, Values: values(4, "4"), Reason: why}, 0))
	// What comes late at a corrected time does not push the correction aside.
	n.fill(telemetry.Float64, 6)
	if got := n.says(telemetry.Float64, 0); got != "3=3 4=4 5=5" {
		t.Errorf("after the gateway sent it all again: %s", got)
	}
	// A value can be entered where one was withdrawn.
	proof.Must(n.service.Make(ctx, f, Words{Kind: Enter, Values: values(1, "1.25"), Reason: why}, 0))
	if got := n.says(telemetry.Float64, 0); got != "1=1.25 3=3 4=4 5=5" {
		t.Errorf("entered where one was withdrawn: %s", got)
	}
}

func TestWhoMayCorrect(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.fill(telemetry.Float64, 3)
	f := n.series[telemetry.Float64]
	w, e := Words{Kind: Withdraw, From: at(0), To: at(2), Reason: why}, Words{Kind: Enter, Values: values(50, "1"), Reason: why}
	for _, c := range []struct {
		ctx  context.Context
		w    Words
		want error
	}{
		{context.Background(), w, auth.ErrUnauthenticated}, {n.sides.As(auth.Engineer, "b"), w, auth.ErrNotFound},
		{n.sides.As(auth.Operator, "a"), w, auth.ErrForbidden}, {n.sides.As(auth.Viewer, "a"), e, auth.ErrForbidden}, {n.sides.As(auth.Operator, "a"), e, nil},
	} {
		made, err := n.service.Make(c.ctx, f, c.w, 0)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.w.Kind, err, c.want)
		}
		if err == nil {
			if _, err := n.service.Get(n.sides.As(auth.Owner, "b"), made.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another organisation: %v", err)
			}
		}
	}
}

// A correction that the store took in part before the node fell is carried out whole afterwards, and nothing of it twice.
func TestACorrectionSurvivesTheNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := rand.New(rand.NewPCG(1, 1))
		n := newNode(t, db)
		ctx := n.sides.As(auth.Engineer, "a")
		rows := 3*batchRows + 100
		n.fill(telemetry.Int64, rows)
		f := n.series[telemetry.Int64]
		for _, passing := range []int{0, 1, 2, 3} {
			n.failing.after = passing
			made, err := n.service.Make(ctx, f, Words{Kind: Scale, From: at(0), To: at(rows), Offset: ptr(1.0), Reason: why}, 0)
			if err != nil || made.State != Applying {
				t.Fatalf("%+v %v", made, err)
			}
			if _, err := n.service.Make(ctx, f, Words{Kind: Withdraw, From: at(0), To: at(9), Reason: why}, 0); !errors.Is(err, ErrPending) {
				t.Fatalf("beside an unfinished one: %v", err)
			}
			if r.IntN(2) == 0 {
				n.close()
				n.open()
			} else {
				n.failing.after = -1
			}
			run, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- n.service.Run(run) }()
			proof.Wait(t, "it is carried out", func() bool {
				c, err := n.service.Get(ctx, made.ID)
				return err == nil && c.State == Applied
			})
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		ref, _ := n.store.Lookup(f)
		i := 0
		err := n.store.Scan(ctx, ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: telemetry.Everything}, func(run *telemetry.Run) bool {
			for k := range run.Len() {
				if s := run.Sample(k); s.Value.Bits != uint64(i)+4 || s.Revision != 4 {
					t.Errorf("row %d: %+v", i, s)
					return false
				}
				i++
			}
			return true
		})
		if err != nil || i != rows {
			t.Errorf("%d rows of %d: %v", i, rows, err)
		}
	})
}

func TestOverHTTP(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.fill(telemetry.Float64, 4)
	server := proof.Must(api.New(t.Context(), api.Options{Auth: n.sides, DB: n.db, Now: n.now}))
	n.service.Routes(server)
	if kinds := server.Huma().OpenAPI().Components.Schemas.Map()["CorrectionView"].Properties["kind"].Enum; !slices.Contains(kinds, any(string(Undo))) {
		t.Errorf("the document knows %v", kinds)
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	call := func(who, method, path, body string) (int, map[string]any) {
		t.Helper()
		q := proof.Must(http.NewRequest(method, web.URL+"/api/v1"+path, strings.NewReader(body)))
		q.Header.Set("Authorization", "Bearer "+who)
		q.Header.Set("Content-Type", "application/json")
		res := proof.Must(http.DefaultClient.Do(q))
		defer res.Body.Close()
		var out map[string]any
		if raw := proof.Must(io.ReadAll(res.Body)); len(raw) > 0 {
			if err := json.Unmarshal(raw, &out); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
		}
		return res.StatusCode, out
	}
	path := "/series/" + n.series[telemetry.Float64].String() + "/corrections"
	body := `{"kind":"scale","from":"2026-05-04T08:00:01Z","to":"2026-05-04T08:00:03Z","factor":0.1,"reason":"ratio 10 too high","reference":"CT 400/5"}`
	status, p := call("engineer@a", "POST", path+"/preview", body)
	changes, _ := p["changes"].([]any)
	if status != 200 || p["rows"] != 2.0 || len(changes) != 2 || changes[1].(map[string]any)["after"].(map[string]any)["value"] != 0.2 {
		t.Fatalf("%d %v", status, p)
	}
	status, made := call("engineer@a", "POST", path, strings.Replace(body, "{", `{"basis":"`+p["basis"].(string)+`",`, 1))
	if status != 201 || made["state"] != "applied" || made["by"].(map[string]any)["name"] != "engineer@a" || made["reference"] != "CT 400/5" {
		t.Fatalf("%d %v", status, made)
	}
	id := made["id"].(string)
	if status, list := call("viewer@a", "GET", "/corrections?series="+n.series[telemetry.Float64].String()+"&from=2026-05-04T08:00:02Z&to=2026-05-04T09:00:00Z", ""); status != 200 || len(list["items"].([]any)) != 1 {
		t.Errorf("%d %v", status, list)
	}
	if status, list := call("viewer@a", "GET", "/corrections?from=2026-05-04T08:00:03Z&to=2026-05-04T09:00:00Z", ""); status != 200 || len(list["items"].([]any)) != 0 {
		t.Errorf("beside its span: %d %v", status, list)
	}
	if status, p := call("engineer@a", "POST", path, `{"kind":"withdraw","from":"2026-05-04T08:00:01Z","to":"2026-05-04T08:00:03Z","reason":""}`); status != 422 || p["code"] != "correction-reason" {
		t.Errorf("without a reason: %d %v", status, p)
	}
	if status, p := call("engineer@a", "POST", "/corrections/"+id+"/undo/preview", `{"reason":"it was right"}`); status != 200 || p["rows"] != 2.0 {
		t.Errorf("%d %v", status, p)
	}
	if status, p := call("engineer@a", "POST", "/corrections/"+id+"/undo", `{"reason":"it was right","basis":"`+p["basis"].(string)+`"}`); status != 409 || p["code"] != "correction-changed" {
		t.Errorf("what was seen before the correction: %d %v", status, p)
	}
	if status, p := call("engineer@a", "POST", "/corrections/"+id+"/undo", `{"reason":"it was right","basis":"99999999999999999999"}`); status != 422 {
		t.Errorf("a basis that is no commit: %d %v", status, p)
	}
	if status, u := call("engineer@a", "POST", "/corrections/"+id+"/undo", `{"reason":"it was right","basis":"`+made["commit"].(string)+`"}`); status != 201 || u["undoes"] != id || u["kind"] != "undo" {
		t.Errorf("%d %v", status, u)
	}
	if status, c := call("viewer@a", "GET", "/corrections/"+id, ""); status != 200 || c["undoneBy"] == nil {
		t.Errorf("%d %v", status, c)
	}
	if status, _ := call("viewer@b", "GET", "/corrections/"+id, ""); status != 404 {
		t.Errorf("of another organisation: %d", status)
	}
	if words := proof.Must(problem.ReadCatalogue(texts, "texts")); len(words.Missing(kinds()...)) > 0 || !slices.Contains(words.Codes(), "correction-later") {
		t.Errorf("without words: %v", words.Missing(kinds()...))
	}
}

package health

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

func TestEachGapHasItsCause(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		ctx, viewer := t.Context(), h.viewer()
		const bad, end = 30 * time.Minute, 60 * time.Minute // of the gap
		g1, g2, g3, l1, l2, s1, s2 := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
		// what a point tells in the gap: nil is nothing, else the sample.
		type told func(r *row)
		status := func(s telemetry.Status) told {
			return func(r *row) { r.status, r.flags = s, telemetry.NoValue }
		}
		cases := []struct {
			name      string
			by        string
			channel   uuid.UUID
			link      uuid.UUID
			in        told // in the gap; nil: silent
			want      Cause
			text      string // in the words
			fact      string // in those of some fact
			quietFrom time.Duration
		}{
			{name: "link", by: ByGateway, channel: g1, link: l1, in: status(telemetry.BadNoCommunication), want: LinkDown, text: "Link L1 is down", fact: "BadNoCommunication"},
			{name: "gateway", by: ByGateway, channel: g2, link: l2, want: GatewayOffline, text: "the gateway was offline", fact: "longest silence of 30s"},
			{name: "dropped", by: ByGateway, channel: g3, in: status(badDataLost), want: GatewayDropped, text: "spool"},
			{name: "unreachable", by: ByGateway, channel: g3, in: status(telemetry.BadTimeout), want: NoCommunication, text: "BadTimeout"},
			{name: "device", by: ByGateway, channel: g1, link: l1, in: status(telemetry.BadDeviceFailure), want: DeviceBad, text: "BadDeviceFailure", fact: "Link L1 is down"},
			{name: "uncertain", by: ByGateway, channel: g3, in: func(r *row) { r.status = telemetry.UncertainLastUsable }, want: NotSure, text: "UncertainLastUsable", fact: "180 samples of status"},
			{name: "nan", by: ByGateway, channel: g3, in: func(r *row) { r.value = math.NaN() }, want: NotANumber, fact: "Good (NaN)"},
			{name: "source", by: BySource, channel: s1, want: SourceDown, text: "Source the source"},
			{name: "untied", by: "", want: NotConnected, fact: "not connected for 29m"},
			{name: "withdrawn", by: ByGateway, channel: g3, in: func(*row) {}, want: Withdrawn, text: "180 samples", fact: "Corrections took away"},
			{name: "first", by: ByGateway, channel: g3, want: BeforeFirst, fact: "no sample before"},
			{name: "silence", by: ByGateway, channel: g3, want: Silence, text: "nothing is known"},
			{name: "node", by: BySource, channel: s2, want: NodeDown, text: "not running"},
			{name: "ahead", by: ByGateway, channel: g3, want: DatedAhead, fact: "5 samples are dated ahead"},
		}
		points := make([]*Point, len(cases))
		h.points = make([]Point, 0, len(cases)+1)
		for i, c := range cases {
			points[i] = h.machine(c.name)
			switch {
			case c.name == "untied":
				h.ties = append(h.ties, Tie{Machine: points[i].Machine, By: ByGateway, Channel: g3, From: after(-time.Hour), To: after(bad)}, Tie{Machine: points[i].Machine, By: ByGateway, Channel: g3, From: after(end), To: store.Forever})
			default:
				h.tie(points[i], c.by, c.channel, c.link)
			}
		}
		raise := func(kind string, subject uuid.UUID, words string) {
			h.board.Raise(ctx, condition.Condition{Org: h.sides["a"], Kind: kind, Subject: subject.String(), Severity: condition.Error, Text: text.Text{En: words, Zh: words}})
		}
		last := 90 * time.Minute
		for at := time.Duration(0); at < last; at += period {
			h.at(at + time.Second)
			switch at {
			case bad - period:
				raise("source.remote", s1, "Source S1 is not connected")
			case bad:
				raise("link.down", l1, "Link L1 is down: refused")
				raise("link.down", uuid.New(), "Another link is down")
				if err := h.service.alive(ctx); err != nil {
					t.Fatal(err)
				}
			case bad + 40*time.Second:
				raise("gateway.offline", g2, "Gateway G2 is offline")
			case end:
				h.board.ClearKind(ctx, "link.down")
				h.board.ClearKind(ctx, "gateway.offline")
				h.board.ClearKind(ctx, "source.remote")
				if err := h.service.wake(ctx); err != nil { // as after a start
					t.Fatal(err)
				}
			}
			var rows []row
			for i, c := range cases {
				r := row{p: points[i], t: after(at), value: float64(at / time.Second)}
				in := at >= bad && at < end
				if c.name == "first" && at < end || c.name == "ahead" && at >= end {
					continue
				}
				if in && c.name != "ahead" {
					if c.in == nil {
						continue
					}
					c.in(&r)
				}
				rows = append(rows, r)
			}
			h.put(rows...)
		}
		h.at(last)
		h.put(func() (rows []row) {
			for k := range 5 {
				rows = append(rows, row{p: points[13], t: after(last + time.Hour + time.Duration(k)*time.Minute)})
			}
			for at := bad; at < end; at += period {
				rows = append(rows, row{p: points[9], t: after(at), flags: telemetry.NoValue | telemetry.Withdrawn, revision: 1})
			}
			return rows
		}()...)
		h.written(5, 5)
		for _, flushed := range []bool{false, true} {
			if flushed {
				h.flush()
				h.at(last + 2*time.Minute) // beyond what is kept
			}
			for i, c := range cases {
				d := proof.Must(h.service.Series(viewer, points[i].ID, begin, begin.Add(last)))
				from, to := after(bad), after(end)
				switch {
				case c.name == "first":
					from = after(0)
				case c.name == "ahead":
					from, to = after(end-period+silence), after(last)
				case c.in == nil || c.name == "withdrawn":
					from += int64(silence - period)
				}
				if len(d.Gaps) != 1 || d.Gaps[0].From != from || d.Gaps[0].To != to {
					t.Errorf("%s (flushed %v): %d gaps, first %+v", c.name, flushed, len(d.Gaps), d.Gaps)
					continue
				}
				g := d.Gaps[0]
				if c.name == "ahead" && flushed { // the span does not reach to the present any more
					c.want, c.text, c.fact = Silence, "", ""
				}
				var facts []string
				for _, f := range g.Facts {
					facts = append(facts, f.Text.En)
					if f.Text.Zh == "" {
						t.Errorf("%s: a fact without Chinese words: %s", c.name, f.Text.En)
					}
				}
				if g.Cause != c.want || !strings.Contains(g.Words.En, c.text) || g.Words.Zh == "" || !slices.ContainsFunc(facts, func(s string) bool { return strings.Contains(s, c.fact) }) {
					t.Errorf("%s (flushed %v): %s (%q), want %s (%q)\nfacts %q", c.name, flushed, g.Cause, g.Words.En, c.want, c.text, facts)
				}
				if slices.ContainsFunc(facts, func(s string) bool { return strings.Contains(s, "Another link") }) {
					t.Errorf("%s: what concerns others is told: %q", c.name, facts)
				}
				if d.Known != 0 {
					t.Errorf("%s: outages are told as known since %v", c.name, moment(d.Known))
				}
				if open := c.name == "ahead" && !flushed; g.Open != open {
					t.Errorf("%s: open %v", c.name, g.Open)
				}
			}
		}
	})
}

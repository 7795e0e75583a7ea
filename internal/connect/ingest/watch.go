package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/text"
)

// Thresholds of the conditions.
const (
	remoteGrace = 30 * time.Second // how long an external broker may be away
	recently    = 15 * time.Minute // how long an event stays a condition
	telling     = time.Minute      // how long the words of a condition stand at least
	certExpires = 21 * 24 * time.Hour
	rateOver    = 4 * time.Second
)

// conditionKinds are all kinds that this room raises.
var conditionKinds = []string{"source.start", "source.remote", "source.trouble", "source.credential", "source.certificate"}

// facts are what the conditions of one source follow from.
type facts struct {
	now      time.Time
	source   Source
	failure  *Trouble // why it is not at work
	state    string   // of a remote source's connection
	away     time.Duration
	why      text.Text
	troubles uint64
	trouble  *Trouble  // as it is told
	last     time.Time // when something was wrong last
	wrong    time.Time // last wrong secret
	expires  time.Time // of the certificate that ends first; zero for none
}

// conditionsOf says what is wrong with a source. It is a rule: no clock, no store.
func conditionsOf(f facts) []condition.Condition {
	var out []condition.Condition
	raise := func(kind string, severity condition.Severity, zh, en string, attr map[string]string) {
		out = append(out, condition.Condition{Org: f.source.Org, Kind: kind, Subject: f.source.ID.String(), Severity: severity, Text: text.Text{Zh: zh, En: en}, Attr: attr})
	}
	zh, en := f.source.Name.In("zh"), f.source.Name.In("en")
	if f.failure != nil {
		raise("source.start", condition.Error, fmt.Sprintf("接入源 %s 无法工作：%s", zh, f.failure.Text.Zh), fmt.Sprintf("Source %s cannot work: %s", en, f.failure.Text.En), nil)
	}
	if f.source.Transport == Remote && f.failure == nil && f.state != Connected && f.away > remoteGrace {
		raise("source.remote", condition.Error, fmt.Sprintf("接入源 %s 未能连接外部服务器：%s。请检查地址、账号与网络。", zh, f.why.Zh),
			fmt.Sprintf("Source %s is not connected to its broker: %s. Check address, account and network.", en, f.why.En), nil)
	}
	if f.trouble != nil && f.now.Sub(f.last) < recently {
		raise("source.trouble", condition.Warning, fmt.Sprintf("接入源 %s 收到有问题的数据（%s）：%s", zh, f.trouble.Code, f.trouble.Text.Zh),
			fmt.Sprintf("Source %s sends something wrong (%s): %s", en, f.trouble.Code, f.trouble.Text.En), map[string]string{"count": fmt.Sprint(f.troubles)})
	}
	if !f.wrong.IsZero() && f.now.Sub(f.wrong) < recently {
		raise("source.credential", condition.Warning, fmt.Sprintf("有设备以错误的密钥连接接入源 %s；请核对凭据，若密钥已泄露请吊销。", zh),
			fmt.Sprintf("A device tried to sign in to source %s with a wrong secret; check its credential, and revoke it if it has leaked.", en), nil)
	}
	if left := f.expires.Sub(f.now); !f.expires.IsZero() && left < certExpires {
		severity := condition.Warning
		if left < 3*24*time.Hour {
			severity = condition.Error
		}
		day := f.expires.UTC().Format(time.DateOnly)
		raise("source.certificate", severity, fmt.Sprintf("接入源 %s 有设备证书将于 %s 到期；请为该设备签发新凭据。", zh, day),
			fmt.Sprintf("A device certificate of source %s expires on %s; make a new credential for the device.", en, day), nil)
	}
	return out
}

// watch raises and clears a source's conditions; gone clears them all.
func (in *inlet) watch(ctx context.Context, gone bool) {
	var found []condition.Condition
	if !gone {
		found = conditionsOf(in.facts())
	}
	now := map[string]bool{}
	for _, c := range found {
		now[c.Kind] = true
		in.s.o.Board.Raise(ctx, c)
	}
	in.mu.Lock()
	before, id := in.raised, in.src.ID.String()
	in.raised = now
	in.mu.Unlock()
	for kind := range before {
		if !now[kind] {
			in.s.o.Board.Clear(ctx, kind, id)
		}
	}
}

func (in *inlet) facts() facts {
	var first int64
	id := in.source().ID
	in.s.mu.RLock()
	for _, st := range in.s.credentials {
		if st.source == id && st.notAfter > 0 && (first == 0 || st.notAfter < first) {
			first = st.notAfter
		}
	}
	in.s.mu.RUnlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	f := facts{now: in.s.o.Now(), source: in.src, failure: in.failure, state: in.state, troubles: in.troubles, wrong: in.wrong}
	if in.far != nil {
		f.why = in.far.Text
	}
	f.away = f.now.Sub(in.since)
	if first > 0 {
		f.expires = time.Unix(0, first)
	}
	// A condition whose words change with each message would fill the journal: they stand for a while.
	if t := in.trouble; t != nil && t.Code != "credential" {
		if in.telling == nil || in.telling.Code != t.Code && t.Time.Sub(in.telling.Time) > telling || t.Time.Sub(in.telling.Time) > recently {
			in.telling = t
		}
		in.lastTrouble = t.Time
	}
	f.trouble, f.last = in.telling, in.lastTrouble
	return f
}

// tick is what has to be looked at now and then.
func (s *Service) tick(ctx context.Context) {
	s.refresh(ctx)
	now := s.o.Now()
	for _, in := range s.all() {
		if err := in.saveDevices(ctx, false); err != nil {
			in.log.Warn("devices are not saved", "error", err)
		}
		in.measure(now)
		in.watch(ctx, false)
	}
	if now.UnixNano()-s.savedUses > minute {
		s.savedUses = now.UnixNano()
		if err := s.saveUses(ctx); err != nil {
			s.log.Warn("uses of credentials are not saved", "error", err)
		}
	}
}

// measure works out a source's rate and tells the live stream when something moved.
func (in *inlet) measure(now time.Time) {
	in.mu.Lock()
	if in.run != nil {
		rows := in.run.in.Stats().Rows
		if in.rate.at.IsZero() {
			in.rate.at, in.rate.rows = now, rows
		} else if d := now.Sub(in.rate.at); d >= rateOver {
			in.rate.now = float64(rows-in.rate.rows) / d.Seconds()
			in.rate.at, in.rate.rows = now, rows
		}
	}
	v := in.moving()
	moved := v != in.told
	in.told = v
	in.mu.Unlock()
	if moved {
		in.touch()
	}
}

// Changed tells that an organisation's plant has changed (plant.Options.Changed). It does not wait.
func (s *Service) Changed(org uuid.UUID) {
	s.mu.Lock()
	s.changed[org] = struct{}{}
	s.mu.Unlock()
}

// refresh looks which machines have changed, and lets the metrics that go to their points be looked up again. A source
// whose machines are as they were, as after it has adopted something itself, is left alone. Changes that were dated ahead
// are looked at when they come due.
func (s *Service) refresh(ctx context.Context) {
	s.mu.Lock()
	changed := s.changed
	s.changed = map[uuid.UUID]struct{}{}
	s.mu.Unlock()
	now := s.o.Now()
	due := map[uuid.UUID]bool{}
	for _, in := range s.all() {
		org := in.source().Org
		at, known := s.dated[org]
		if due[org] = known && !at.IsZero() && !at.After(now); due[org] {
			in.reload(ctx)
		}
		if !known || due[org] {
			changed[org] = struct{}{}
		}
	}
	for org := range changed {
		scope := auth.System(org)
		versions, err := s.o.Plant.Versions(ctx, scope)
		if err == nil {
			s.dated[org], err = s.o.Plant.NextDated(ctx, scope)
		}
		if err != nil {
			s.log.Warn("the plant cannot be read; sources look again later", "org", org, "error", err)
			s.Changed(org)
			continue
		}
		for _, in := range s.all() {
			if in.source().Org == org {
				in.compare(ctx, versions)
			}
		}
	}
}

func (in *inlet) compare(ctx context.Context, versions map[uuid.UUID]int64) {
	again := false
	var old []*device
	in.mu.RLock()
	for _, d := range in.devices {
		d.mu.Lock()
		if b := d.binding; b != nil {
			if v, there := versions[b.machine]; there == b.retired || there && v != b.version {
				old = append(old, d)
			}
		}
		if len(d.declined) > 0 { // what the plant did not take it may take now
			d.declined, again = nil, true
		}
		d.mu.Unlock()
	}
	in.mu.RUnlock()
	for _, d := range old {
		in.rebind(ctx, d)
	}
	if again {
		in.generation.Add(1)
	}
	if again || len(old) > 0 {
		in.touch()
	}
}

// reload reads all bindings anew.
func (in *inlet) reload(ctx context.Context) {
	var bound []*device
	in.mu.RLock()
	for _, d := range in.devices {
		d.mu.Lock()
		if d.binding != nil {
			bound = append(bound, d)
		}
		d.mu.Unlock()
	}
	in.mu.RUnlock()
	for _, d := range bound {
		d.mu.Lock()
		before := d.binding
		d.binding = nil
		d.mu.Unlock()
		after, err := in.bindingOf(ctx, d)
		switch {
		case err != nil:
			in.log.Warn("the points of a machine cannot be read", "error", err)
			d.mu.Lock()
			if d.binding == nil {
				d.binding = before
			}
			d.mu.Unlock()
		case before != nil && after != nil && !before.same(after):
			in.generation.Add(1)
		}
	}
}

func (b *binding) same(o *binding) bool {
	if b.machine != o.machine || b.retired != o.retired || len(b.points) != len(o.points) {
		return false
	}
	for address, p := range b.points {
		if o.points[address] != p {
			return false
		}
	}
	return true
}

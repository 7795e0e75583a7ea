package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/text"
)

// Thresholds of the conditions.
const (
	clockOff    = 2 * time.Second
	spoolFills  = 0.5                 // of its bound
	certExpires = 21 * 24 * time.Hour // renewal is tried from 30 days on
	recently    = 15 * time.Minute    // how long an event stays a condition
	silentAfter = 15 * time.Second    // a status older than that tells nothing of now
)

// facts are what the conditions of one gateway follow from.
type facts struct {
	now      time.Time
	gateway  Gateway
	online   bool
	away     time.Duration // how long it has not been online; counts from the start of the node at the earliest
	grace    time.Duration
	failure  *driver.Failure
	status   *document.Status // the last one; nil: none since the node started
	applied  document.Applied
	stolenAt time.Time
	lossAt   time.Time
}

// conditionsOf says what is wrong with a gateway. It is a rule: no clock, no store.
func conditionsOf(f facts) []condition.Condition {
	var out []condition.Condition
	name := func(lang string) string { return f.gateway.Name.In(lang) }
	raise := func(kind string, severity condition.Severity, subject, zh, en string, attr map[string]string) {
		out = append(out, condition.Condition{Org: f.gateway.Org, Kind: kind, Subject: subject, Severity: severity,
			Text: text.Text{Zh: zh, En: en}, Attr: attr})
	}
	id := f.gateway.ID.String()
	if f.gateway.Enrolled == 0 {
		return nil
	}
	if !f.online && f.away > f.grace {
		zh, en := "", ""
		if f.failure != nil {
			zh, en = "："+f.failure.Text.Zh, ": "+f.failure.Text.En
		}
		raise("gateway.offline", condition.Error, id,
			fmt.Sprintf("网关 %s 已离线%s。它在本地继续采集并缓存；请检查其电源和网络。", name("zh"), zh),
			fmt.Sprintf("Gateway %s is offline%s. It goes on collecting into its spool; check its power and network.", name("en"), en), nil)
	}
	if left := time.Unix(0, f.gateway.NotAfter).Sub(f.now); f.gateway.NotAfter > 0 && left < certExpires {
		raise("gateway.certificate", severityIf(left < 3*24*time.Hour, condition.Error, condition.Warning), id,
			fmt.Sprintf("网关 %s 的证书将于 %s 到期且未能续期；到期后须用新注册码重新注册。", name("zh"), time.Unix(0, f.gateway.NotAfter).UTC().Format(time.DateOnly)),
			fmt.Sprintf("The certificate of gateway %s expires on %s and has not been renewed; after that it must be enrolled again with a new code.",
				name("en"), time.Unix(0, f.gateway.NotAfter).UTC().Format(time.DateOnly)), nil)
	}
	if !f.stolenAt.IsZero() && f.now.Sub(f.stolenAt) < recently {
		raise("gateway.identity", condition.Error, id,
			fmt.Sprintf("有两个进程使用网关 %s 的身份：数据目录可能被复制。请停掉其中一个，并为它生成新的注册码。", name("zh")),
			fmt.Sprintf("Two processes use the identity of gateway %s: its data folder may have been copied. Stop one of them and enrol it with a code of its own.", name("en")), nil)
	}
	if !f.online || f.status == nil {
		return out
	}
	st := f.status
	switch use := float64(st.Spool.Bytes) / float64(max(st.Spool.MaxBytes, 1)); {
	case st.Spool.Full:
		raise("gateway.spool", condition.Critical, id,
			fmt.Sprintf("网关 %s 的缓存已满，新采样被丢弃。请检查节点的磁盘与链路。", name("zh")),
			fmt.Sprintf("The spool of gateway %s is full and new samples are dropped. Check the node's disk and the link.", name("en")),
			map[string]string{"dropped": fmt.Sprint(st.Samples.Dropped)})
	case use > spoolFills && st.Spool.Batches > 0:
		raise("gateway.spool", condition.Warning, id,
			fmt.Sprintf("网关 %s 的缓存已用去一半以上，尚有采样未送达节点。", name("zh")),
			fmt.Sprintf("More than half of the spool of gateway %s is used by samples that the node does not have yet.", name("en")),
			map[string]string{"samples": fmt.Sprint(st.Spool.Samples)})
	}
	if !f.lossAt.IsZero() && f.now.Sub(f.lossAt) < recently {
		raise("gateway.dropped", condition.Error, id,
			fmt.Sprintf("网关 %s 因缓存写满丢弃了采样；缺口以 Bad_DataLost 标出。", name("zh")),
			fmt.Sprintf("Gateway %s dropped samples because its spool was full; the gaps are marked Bad_DataLost.", name("en")),
			map[string]string{"dropped": fmt.Sprint(st.Samples.Dropped)})
	}
	off := time.Duration(st.Clock.OffsetMs * float64(time.Millisecond)).Abs()
	if off > clockOff+time.Duration(st.Clock.TripMs*float64(time.Millisecond))/2 {
		raise("gateway.clock", condition.Warning, id,
			fmt.Sprintf("网关 %s 的时钟与节点相差超过 %v；请在网关上启用 NTP。", name("zh"), clockOff),
			fmt.Sprintf("The clock of gateway %s is off the node's by more than %v; enable NTP on the gateway.", name("en"), clockOff),
			map[string]string{"offsetMs": fmt.Sprintf("%.0f", st.Clock.OffsetMs)})
	}
	if q := st.Spool.Quarantine; q.Records > 0 {
		raise("gateway.quarantine", severityIf(q.Lost > 0, condition.Error, condition.Warning), id,
			fmt.Sprintf("节点拒收了网关 %s 的部分采样，它们保存在网关的隔离区。最近原因：%s", name("zh"), q.Last),
			fmt.Sprintf("The node refused samples of gateway %s; they are kept in its quarantine. Last reason: %s", name("en"), q.Last),
			map[string]string{"records": fmt.Sprint(q.Records), "samples": fmt.Sprint(q.Samples), "lost": fmt.Sprint(q.Lost)})
	}
	if a := f.applied; a.Error != "" || len(a.Faults) > 0 {
		zh, en := a.Error, a.Error
		if len(a.Faults) > 0 {
			zh, en = a.Faults[0].Text.Zh, a.Faults[0].Text.En
		}
		raise("gateway.configuration", condition.Error, id,
			fmt.Sprintf("网关 %s 的配置有 %d 处未能生效：%s", name("zh"), max(1, len(a.Faults)), zh),
			fmt.Sprintf("%d part(s) of the configuration of gateway %s could not be applied: %s", max(1, len(a.Faults)), name("en"), en), nil)
	}
	for _, l := range st.Links {
		if l.Phase != driver.Waiting || l.LastError == nil {
			continue
		}
		raise("link.down", condition.Error, l.ID,
			fmt.Sprintf("链路 %s（%s）中断：%s", l.Name, l.Endpoint, l.LastError.Text.Zh),
			fmt.Sprintf("Link %s (%s) is down: %s", l.Name, l.Endpoint, l.LastError.Text.En), map[string]string{"gateway": id, "code": l.LastError.Code})
	}
	return out
}

func severityIf(worse bool, a, b condition.Severity) condition.Severity {
	if worse {
		return a
	}
	return b
}

// watch raises and clears a gateway's conditions.
func (s *Service) watch(ctx context.Context, p *peer) {
	s.mu.Lock()
	now := s.o.Now()
	f := facts{now: now, gateway: p.g, online: p.session != nil, grace: s.o.Grace, failure: p.failure, status: p.status, applied: p.applied,
		stolenAt: p.stolenAt, lossAt: p.lossAt}
	since := s.started
	if p.ended.After(since) {
		since = p.ended
	}
	f.away = now.Sub(since)
	if now.Sub(p.heard) > silentAfter {
		f.status = nil
	}
	gone := s.peers[p.g.ID] != p
	found := conditionsOf(f)
	before := p.raised
	p.raised = map[string]string{}
	for _, c := range found {
		p.raised[joinKey(c.Subject, c.Kind)] = c.Subject
	}
	after := p.raised
	s.mu.Unlock()
	if gone {
		return
	}
	for _, c := range found {
		s.o.Board.Raise(ctx, c)
	}
	for key, subject := range before {
		if _, still := after[key]; !still {
			_, kind := splitKey(key)
			s.o.Board.Clear(ctx, kind, subject)
		}
	}
}

func joinKey(subject, kind string) string { return subject + " " + kind }

func splitKey(key string) (subject, kind string) {
	subject, kind, _ = strings.Cut(key, " ")
	return subject, kind
}

// conditionKinds are all kinds that this room raises, for a fresh look after a restart.
var conditionKinds = []string{"gateway.offline", "gateway.certificate", "gateway.identity", "gateway.spool", "gateway.dropped", "gateway.clock",
	"gateway.quarantine", "gateway.configuration"}

// Run watches the gateways until ctx ends. The listener has its own loop: Serve.
func (s *Service) Run(ctx context.Context) error {
	s.mu.Lock()
	for id, p := range s.peers { // what was raised before a restart stands until it is looked at anew
		for _, kind := range conditionKinds {
			p.raised[joinKey(id.String(), kind)] = id.String()
		}
		for _, l := range p.links {
			p.raised[joinKey(l.ID.String(), "link.down")] = l.ID.String()
		}
	}
	s.mu.Unlock()
	tick := time.NewTicker(min(5*time.Second, s.o.Grace))
	defer tick.Stop()
	for first := true; ; first = false {
		if !first {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
		s.mu.Lock()
		peers := make([]*peer, 0, len(s.peers))
		for _, p := range s.peers {
			if s.o.Now().Sub(s.started) > s.o.Grace || p.session != nil {
				peers = append(peers, p)
			}
		}
		s.mu.Unlock()
		for _, p := range peers {
			s.watch(ctx, p)
		}
	}
}

// Serve accepts gateways on a listener until ctx ends, and closes it.
func (s *Service) Serve(ctx context.Context, ln net.Listener) error { return s.listener.Serve(ctx, ln) }

// whyEnded puts the end of a session into plain words.
func whyEnded(reason error, at time.Time) *driver.Failure {
	mk := func(code, zh, en string) *driver.Failure {
		return &driver.Failure{Code: code, Text: text.Text{Zh: zh, En: en}, Detail: reason.Error(), Time: at.UTC()}
	}
	var g *federate.Goodbye
	switch {
	case reason == nil:
		return nil
	case errors.As(reason, &g) && g.Code == federate.CodeClosing && g.Far:
		return mk("stopped", "网关已停止", "the gateway was stopped")
	case errors.As(reason, &g) && g.Code == federate.CodeClosing:
		return mk("node-stopped", "节点正在停止", "the node was stopping")
	case errors.As(reason, &g) && g.Code == federate.CodeSilent:
		return mk("silent", "网关不再应答：可能断电或断网", "nothing is heard of the gateway: it may be without power or network")
	case errors.As(reason, &g) && g.Code == federate.CodeProtocol:
		return mk("protocol", "链路上的数据不符合协议："+g.Text, "what came over the link is not the protocol: "+g.Text)
	case errors.As(reason, &g):
		return mk(g.Code.String(), "链路已关闭："+g.Text, "the link was closed: "+g.Text)
	}
	return mk("cut", "连接中断", "the connection broke off")
}

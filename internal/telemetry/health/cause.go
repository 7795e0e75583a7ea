package health

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// Cause is why values are missing, as far as is known.
type Cause string

// The causes.
const (
	NotConnected    Cause = "not-connected"    // nothing read or fed the machine
	BeforeFirst     Cause = "before-first"     // the series had no sample yet
	Withdrawn       Cause = "withdrawn"        // corrections took the samples away
	GatewayOffline  Cause = "gateway-offline"  // the node did not hear of the gateway
	GatewayDropped  Cause = "gateway-dropped"  // the gateway's spool was full
	GatewayConfig   Cause = "gateway-config"   // a part of its configuration could not be applied
	LinkDown        Cause = "link-down"        // between gateway and device
	SourceDown      Cause = "source-down"      // the source could not work
	NodeDown        Cause = "node-stopped"     // this node did not run, or could take nothing
	NoCommunication Cause = "no-communication" // the device did not answer
	DeviceBad       Cause = "device"           // the device, or its driver, says why
	NotSure         Cause = "uncertain"        // values came, of uncertain status
	NotANumber      Cause = "not-a-number"
	DatedAhead      Cause = "dated-ahead" // values came dated ahead, and are shown when they are due
	Unreadable      Cause = "damaged"     // the samples' file is damaged
	Silence         Cause = "silence"     // nothing came, and nothing is known that explains it
)

// badDataLost is what a gateway writes where it dropped samples (OPC 10000-6, A.2).
const badDataLost telemetry.Status = 0x809D0000

// Fact is one of the things that are known of a gap.
type Fact struct {
	Kind     string // status, silence, connection, outage, correction, ahead, first, history
	From, To int64  // 0: not a span; To is store.Forever while it lasts
	Text     text.Text
}

// known is what a cause is found from.
type known struct {
	gap       Gap
	silence   time.Duration
	first     bool // there is no sample before the gap
	ties      []Tie
	doors     bool // ties are known
	outages   []Outage
	since     int64 // from when on outages are known
	withdrawn int   // samples that corrections took away in the gap, or just before it
	covered   time.Duration
	fixed     [2]int64 // the first and last of them
	ahead     int
}

func say(zh, en string, args ...any) text.Text {
	return text.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
}

// named is a text with a name in each language.
func named(zh, en string, name text.Text) text.Text {
	return text.Text{Zh: fmt.Sprintf(zh, name.In("zh")), En: fmt.Sprintf(en, name.In("en"))}
}

// why finds the cause of a gap: the first rule that holds counts.
//
//  1. Corrections took away samples that would have covered at least half of it.
//  2. The device or its driver began it with a status of its own, other than that it could not be reached.
//  3. Nothing was connected for at least half of it.
//  4. What was wrong with the way of the values, and overlaps the gap the most: link, gateway, source, this node.
//  5. A status that says that the device could not be reached, or that samples were dropped.
//  6. Values came, but uncertain ones, NaN, or such as are dated ahead.
//  7. There was no sample yet.
//  8. Nothing is known.
func (k *known) why() (Cause, text.Text, []Fact) {
	facts := k.facts()
	g := &k.gap
	half := time.Duration(g.To-g.From) / 2
	if k.withdrawn > 0 && k.covered >= half {
		return Withdrawn, say("更正撤销了这段时间的 %d 个样本", "Corrections took away %d samples of this time", k.withdrawn), facts
	}
	status, told := k.status()
	if told && !status.IsGood() && !status.IsUncertain() && !unreachable(status) && status&0xFFFF0000 != badDataLost {
		return DeviceBad, say("设备或驱动报告 %s", "The device or its driver says %s", shown.StatusName(status)), facts
	}
	if k.doors && k.unconnected() >= half {
		return NotConnected, say("这段时间设备没有接到任何网关或接入源", "The machine was connected to no gateway or source in this time"), facts
	}
	if c, words, ok := k.way(); ok {
		return c, words, facts
	}
	switch {
	case told && status&0xFFFF0000 == badDataLost:
		return GatewayDropped, say("网关缓存写满，丢弃了样本（BadDataLost）", "The gateway's spool was full and samples were dropped (BadDataLost)"), facts
	case told && unreachable(status):
		return NoCommunication, say("网关读不到设备（%s）", "The gateway could not reach the device (%s)", shown.StatusName(status)), facts
	case told && status.IsUncertain():
		return NotSure, say("只有质量存疑的值（%s）", "Only uncertain values came (%s)", shown.StatusName(status)), facts
	case told && g.nan:
		return NotANumber, say("设备给出的不是数（NaN）", "The device gave no number (NaN)"), facts
	case k.ahead > 0:
		return DatedAhead, say("样本的时间超前，到时才算数；请校准设备或网关的时钟", "Samples are dated ahead and count when they are due; set the clock of the device or gateway"), facts
	case k.first:
		return BeforeFirst, say("此测点还没有过样本", "The point had no sample yet"), facts
	}
	return Silence, say("没有样本到来，也没有已知的原因", "No sample came, and nothing is known that explains it"), facts
}

// status is what the gap began with, or what came in it most often.
func (k *known) status() (telemetry.Status, bool) {
	if k.gap.bySample {
		return k.gap.began, true
	}
	if len(k.gap.statuses) == 0 || !k.first {
		return 0, false
	}
	return slices.MaxFunc(k.gap.statuses, func(a, b statusCount) int { return cmp.Compare(a.Count, b.Count) }).Status, true
}

// unreachable tells whether a status says that the device could not be reached.
func unreachable(s telemetry.Status) bool {
	switch s & 0xFFFF0000 {
	case telemetry.BadNoCommunication, telemetry.BadNotConnected, telemetry.BadTimeout, telemetry.BadWaitingForInitialData, 0x80050000, 0x800D0000, 0x80AE0000, 0x80AD0000:
		return true
	}
	return false
}

// reach is the time in which something can have been wrong that made the gap: from the last good sample on, because a value
// holds for a while after nothing comes any more.
func (k *known) reach() (from, to int64) {
	from = k.gap.From
	if !k.gap.bySample {
		from -= int64(k.silence)
	}
	if k.gap.lastGood > 0 {
		from = max(from, k.gap.lastGood)
	}
	return from, k.gap.To
}

// unconnected is how much of the gap no tie covers.
func (k *known) unconnected() time.Duration {
	left, at := int64(0), k.gap.From
	for _, t := range k.ties { // in order of From
		if t.To <= at {
			continue
		}
		if t.From >= k.gap.To {
			break
		}
		left += max(t.From-at, 0)
		at = t.To
	}
	return time.Duration(left + max(k.gap.To-at, 0))
}

// concerns tells whether an outage is of the way on which the machine's values came, and which cause it is.
func (k *known) concerns(o *Outage) (Cause, *Tie) {
	if o.Org == uuid.Nil {
		switch o.Kind {
		case NodeStopped, "journal.failed", "journal.full":
			// Gateways keep their samples meanwhile, so this alone explains nothing of theirs.
			if !slices.ContainsFunc(k.ties, func(t Tie) bool { return t.By == ByGateway }) {
				return NodeDown, nil
			}
			return "", nil
		}
		return "", nil
	}
	for i := range k.ties {
		t := &k.ties[i]
		if o.From >= t.To || o.To <= t.From || o.Subject != t.Channel.String() && (t.Link == uuid.Nil || o.Subject != t.Link.String()) {
			continue
		}
		switch o.Kind {
		case "link.down":
			return LinkDown, t
		case "gateway.offline":
			return GatewayOffline, t
		case "gateway.dropped":
			return GatewayDropped, t
		case "gateway.configuration":
			return GatewayConfig, t
		case "source.start", "source.remote":
			return SourceDown, t
		}
		return "", t
	}
	return "", nil
}

// way finds the outage that explains the gap best: the one that overlaps it most; of equal ones the one closer to the
// device, for a gateway that is away goes on collecting.
func (k *known) way() (Cause, text.Text, bool) {
	rank := map[Cause]int{LinkDown: 5, SourceDown: 4, GatewayOffline: 3, GatewayDropped: 2, GatewayConfig: 1}
	var best Cause
	var words text.Text
	most := int64(0)
	from, to := k.reach()
	for i := range k.outages {
		o := &k.outages[i]
		c, tie := k.concerns(o)
		if c == "" {
			continue
		}
		over := min(o.To, to) - max(o.From, from)
		if over <= 0 || over < most || over == most && rank[c] <= rank[best] {
			continue
		}
		best, most = c, over
		name := text.Text{}
		if tie != nil {
			name = tie.Name
		}
		switch c {
		case LinkDown:
			words = o.Text
		case GatewayOffline:
			words = named("网关 %s 离线", "Gateway %s was offline", name)
		case GatewayDropped:
			words = named("网关 %s 缓存写满，丢弃了样本", "The spool of gateway %s was full and samples were dropped", name)
		case GatewayConfig:
			words = o.Text
		case SourceDown:
			words = named("接入源 %s 未能工作", "Source %s did not work", name)
		case NodeDown:
			words = nodeWords(o)
		}
	}
	return best, words, best != ""
}

// nodeWords say what was wrong with the node, without what concerns only those who run it.
func nodeWords(o *Outage) text.Text {
	if o.Kind == NodeStopped {
		return text.Text{Zh: "本节点未运行", En: "This node was not running"}
	}
	return text.Text{Zh: "本节点暂时不能接收数据", En: "This node could take no data"}
}

// facts are all that is known of a gap, in order of time.
func (k *known) facts() []Fact {
	var out []Fact
	g := &k.gap
	switch {
	case k.first:
		out = append(out, Fact{Kind: "first", Text: say("在此之前没有任何样本", "There is no sample before it")})
	case g.bySample:
		out = append(out, Fact{Kind: "status", From: g.From, To: g.From, Text: say("最后一个有效值止于状态为 %s 的样本", "The last good value ended with a sample of status %s", k.word(g.began))})
	case g.lastGood > 0:
		out = append(out, Fact{Kind: "silence", From: g.lastGood, To: g.From, Text: say("最后一个有效样本之后，过了最长静默时间 %s", "After the last good sample the longest silence of %s passed", k.silence)})
	}
	for _, c := range g.statuses {
		out = append(out, Fact{Kind: "status", From: g.From, To: g.To, Text: say("其间有 %d 个状态为 %s 的样本", "In it %d samples of status %s came", c.Count, k.word(c.Status))})
	}
	if k.withdrawn > 0 {
		out = append(out, Fact{Kind: "correction", From: k.fixed[0], To: k.fixed[1] + 1, Text: say("更正撤销了 %d 个样本", "Corrections took away %d samples", k.withdrawn)})
	}
	if k.ahead > 0 {
		out = append(out, Fact{Kind: "ahead", Text: say("有 %d 个样本的时间超前，尚未到时", "%d samples are dated ahead and not due yet", k.ahead)})
	}
	if k.doors && k.unconnected() > 0 {
		out = append(out, Fact{Kind: "connection", From: g.From, To: g.To, Text: say("其间有 %s 未连接", "It was not connected for %s", k.unconnected().Round(time.Second))})
	}
	for i := range k.ties {
		t := &k.ties[i]
		if t.From >= g.To || t.To <= g.From {
			continue
		}
		words := named("由网关 %s 采集", "Read through gateway %s", t.Name)
		if t.By == BySource {
			words = named("由接入源 %s 提供", "Fed by source %s", t.Name)
		}
		out = append(out, Fact{Kind: "connection", From: t.From, To: t.To, Text: words})
	}
	from, to := k.reach()
	for i := range k.outages {
		o := &k.outages[i]
		if o.From >= to || o.To <= from {
			continue
		}
		if o.Org == uuid.Nil {
			out = append(out, Fact{Kind: "outage", From: o.From, To: o.To, Text: nodeWords(o)})
		} else if _, tie := k.concerns(o); tie != nil {
			out = append(out, Fact{Kind: "outage", From: o.From, To: o.To, Text: o.Text})
		}
	}
	if from < k.since {
		out = append(out, Fact{Kind: "history", From: k.since, Text: say("在此时刻之前的中断没有记录", "Outages before this time are not on record")})
	}
	slices.SortStableFunc(out, func(a, b Fact) int { return cmp.Compare(a.From, b.From) })
	return out
}

func (k *known) word(s telemetry.Status) string {
	if s.IsGood() && k.gap.nan {
		return shown.StatusName(s) + " (NaN)"
	}
	return shown.StatusName(s)
}

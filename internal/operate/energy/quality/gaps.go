package quality

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/health"
)

// Sparse is the cause of missing hours between values that came, each within its longest silence, but not every hour.
const Sparse health.Cause = "sparse"

var causeWords = map[health.Cause]text.Text{
	health.NotConnected: {Zh: "设备未接入", En: "Not connected"}, health.BeforeFirst: {Zh: "尚无样本", En: "No sample yet"},
	health.Withdrawn: {Zh: "样本被更正撤销", En: "Taken away by a correction"}, health.GatewayOffline: {Zh: "网关离线", En: "Gateway offline"},
	health.GatewayDropped: {Zh: "网关缓存写满", En: "Gateway's disk or spool was full"}, health.GatewayConfig: {Zh: "网关配置未生效", En: "Gateway's configuration"},
	health.LinkDown: {Zh: "网关与设备的连接中断", En: "Line to the device was down"}, health.SourceDown: {Zh: "接入源未能工作", En: "Source did not work"},
	health.NodeDown: {Zh: "平台未运行或不能接收", En: "Node stopped, or could take nothing"}, health.NoCommunication: {Zh: "设备无应答", En: "Device did not answer"},
	health.DeviceBad: {Zh: "设备报告异常", En: "The device says why"}, health.NotSure: {Zh: "值的质量存疑", En: "Uncertain values only"},
	health.NotANumber: {Zh: "值不是数", En: "Not a number"}, health.DatedAhead: {Zh: "时钟超前", En: "Clock ahead"},
	health.Unreadable: {Zh: "样本文件损坏", En: "Samples damaged"}, health.Silence: {Zh: "原因不明", En: "Nothing is known that explains it"},
	Sparse: {Zh: "上报间隔超过一小时", En: "Reported less than once an hour"},
}

// Gap is a stretch without a good value of a main meter.
type Gap struct {
	Meter    uuid.UUID
	From, To int64
	Open     bool
	Hours    int // that it cost
	Cause    health.Cause
	Name     text.Text // of the cause
	Words    text.Text // what is known; for the enterprise's own people
}

// gaps tells the gaps of a meter, and which of its missing hours each one cost: an hour belongs to the gap that has the most of
// it. more is how many there are beyond those that data health lists.
func (l *looking) gaps(ctx context.Context, m *Meter) (out []Gap, more int, err error) {
	from, to := max(m.begin, m.From), min(m.end, m.To, l.now)
	for at := from; at < to; {
		next := min(at+int64(health.MaxSpan), to)
		d, err := l.s.o.Gaps.Series(ctx, m.ID, time.Unix(0, at), time.Unix(0, next))
		if err != nil {
			return nil, 0, err
		}
		more += max(d.Series.Gaps.Count-len(d.Gaps), 0)
		part := make([]Gap, 0, len(d.Gaps))
		for i := range d.Gaps {
			g := &d.Gaps[i]
			part = append(part, Gap{Meter: m.ID, From: g.From, To: g.To, Open: g.Open, Cause: g.Cause, Words: g.Words})
		}
		slices.SortFunc(part, func(a, b Gap) int { return cmp.Compare(a.From, b.From) })
		out = join(out, part, at)
		at = next
	}
	out = m.cost(out)
	for i := range out {
		out[i].Name = causeWords[out[i].Cause]
	}
	return out, more, nil
}

// join appends the gaps of the next part of a span. One that was cut at the seam is whole again; the longer piece says why.
func join(all, part []Gap, seam int64) []Gap {
	if n := len(all); n > 0 && len(part) > 0 && all[n-1].To == seam && part[0].From == seam {
		a, b := &all[n-1], part[0]
		if b.To-b.From > a.To-a.From {
			a.Cause, a.Words = b.Cause, b.Words
		}
		a.To, a.Open = b.To, b.Open
		part = part[1:]
	}
	return append(all, part...)
}

// cost gives each missing hour to a gap. Hours of none make gaps of their own, run by run.
func (m *Meter) cost(gaps []Gap) []Gap {
	var alone []Gap
	for i := range m.Days {
		for _, h := range m.Days[i].absent {
			best, most := -1, int64(0)
			for k := range gaps {
				if over := min(gaps[k].To, h.to) - max(gaps[k].From, h.from); over > most {
					best, most = k, over
				}
			}
			if best >= 0 {
				gaps[best].Hours++
				continue
			}
			if n := len(alone); n > 0 && alone[n-1].To == h.from {
				alone[n-1].To = h.to
				alone[n-1].Hours++
			} else {
				alone = append(alone, Gap{Meter: m.ID, From: h.from, To: h.to, Hours: 1, Cause: Sparse, Words: causeWords[Sparse]})
			}
		}
	}
	out := append(gaps, alone...)
	slices.SortFunc(out, func(a, b Gap) int { return cmp.Compare(a.From, b.From) })
	return out
}

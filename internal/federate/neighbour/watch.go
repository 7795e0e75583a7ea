package neighbour

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

// Kinds of conditions.
const (
	conditionOffline  = "neighbour.offline"
	conditionClock    = "neighbour.clock"
	conditionFork     = "neighbour.fork"
	conditionRepaired = "neighbour.repaired"
	conditionDamaged  = "neighbour.damaged"
)

// repairedFor is how long a repair stays a condition at least.
const repairedFor = 24 * time.Hour

func (p *peer) subject() string { return p.key.node.String() + "/" + string(p.key.way) }

// watch raises and clears what the state of the links means.
func (s *Service) watch(ctx context.Context) {
	type news struct {
		p    *peer
		kind string
		on   bool
		c    condition.Condition
	}
	var all []news
	now := s.o.Now()
	s.mu.Lock()
	forget := now.Sub(s.forgot) > 24*time.Hour
	if forget {
		s.forgot = now
	}
	for _, p := range s.peers {
		tell := func(kind string, on bool, severity condition.Severity, zh, en string, attr map[string]string) {
			if on || p.raised[kind] {
				all = append(all, news{p, kind, on, condition.Condition{Kind: kind, Subject: p.subject(), Severity: severity, Text: text.Text{Zh: zh, En: en}, Attr: attr}})
				p.raised[kind] = on
			}
		}
		name := p.row.Name
		if name == "" {
			name = p.row.Node.String()
		}
		away := now.Sub(p.since)
		zh, en := "", ""
		if p.failure != "" {
			zh, en = "（"+p.failure+"）", " ("+p.failure+")"
		}
		tell(conditionOffline, p.session == nil && away > s.o.Grace, condition.Warning,
			fmt.Sprintf("相邻节点 %s 未连接%s。数据已保存，连接恢复后自动续传；请检查对方电源与网络。", name, zh),
			fmt.Sprintf("Neighbour %s is not linked%s. What is to be sent is kept and goes on by itself; check its power and network.", name, en), nil)
		off := time.Duration(0)
		if p.session != nil {
			if c := p.session.conn.Clock(); c.Known && c.Offset.Abs() > warnClock+c.RoundTrip/2 {
				off = c.Offset
			}
		}
		tell(conditionClock, off != 0, condition.Warning,
			fmt.Sprintf("相邻节点 %s 的时钟与本节点相差超过 %v；请在两个节点上启用 NTP。相差 1 小时以上时不再连接。", name, warnClock),
			fmt.Sprintf("The clock of neighbour %s is off this node's by more than %v; enable NTP on both. Beyond an hour they do not link.", name, warnClock),
			map[string]string{"offsetMs": fmt.Sprint(off.Milliseconds())})
	}
	s.mu.Unlock()
	for _, n := range all {
		if n.on {
			s.o.Board.Raise(ctx, n.c)
		} else {
			s.o.Board.Clear(ctx, n.kind, n.p.subject())
		}
	}
	if forget {
		if err := s.forgetQuestions(ctx); err != nil {
			s.log.Warn("old questions cannot be dropped", "error", err)
		}
	}
}

// concerned is the organisation of this node that an agreement concerns, and the agreement in words.
func (s *Service) concerned(ctx context.Context, id uuid.UUID) (uuid.UUID, string) {
	a, err := s.o.Orgs.Agreement(ctx, id)
	if err != nil {
		return uuid.Nil, id.String()
	}
	if a.Giver.Node == s.o.Node {
		return a.Giver.Org, a.Words
	}
	return a.Taker.Org, a.Words
}

func (s *Service) clear(ctx context.Context, kind, subject string) {
	s.o.Board.Clear(ctx, kind, subject)
}

func (s *Service) raiseFork(ctx context.Context, id uuid.UUID, f Fork, side org.Side) {
	whose, words := s.concerned(ctx, id)
	mendZh, mendEn := "请与提供方核对，由其重新开始数据流。", "Compare with the giver, who begins the stream again."
	if side == org.Giver {
		mendZh, mendEn = "请与接收方核对，然后在协议页重新开始数据流。", "Compare with the taker, then begin the stream again on the agreement's page."
	}
	s.o.Board.Raise(ctx, condition.Condition{Org: whose, Kind: conditionFork, Subject: id.String(), Severity: condition.Error, Text: text.Text{
		Zh: fmt.Sprintf("协议“%s”的数据流中，第 %d 号记录双方内容不同，已停止接收。%s", words, f.Seq, mendZh),
		En: fmt.Sprintf("In the stream of the agreement %q both sides hold other bytes under record %d; nothing more is taken. %s", words, f.Seq, mendEn),
	}, Attr: map[string]string{"epoch": fmt.Sprint(f.Epoch), "seq": fmt.Sprint(f.Seq), "held": f.Held, "came": f.Came}})
}

func (s *Service) raiseRepaired(ctx context.Context, id uuid.UUID, records, seq uint64) {
	whose, words := s.concerned(ctx, id)
	s.mu.Lock()
	s.repairs[id] = s.o.Now()
	s.mu.Unlock()
	s.o.Board.Raise(ctx, condition.Condition{Org: whose, Kind: conditionRepaired, Subject: id.String(), Severity: condition.Warning, Text: text.Text{
		Zh: fmt.Sprintf("协议“%s”已收到的记录在本节点的数据库中被改动，已按提供方的原件修复，错误内容另行保存。请检查数据库与磁盘。", words),
		En: fmt.Sprintf("Records of the agreement %q had been changed in this node's database; they were repaired from the giver's, and what was wrong is kept aside. Check the database and the disk.", words),
	}, Attr: map[string]string{"records": fmt.Sprint(records), "seq": fmt.Sprint(seq)}})
}

// clearRepaired clears it after a comparison without a difference, a day later at the earliest.
func (s *Service) clearRepaired(ctx context.Context, id uuid.UUID) {
	s.mu.Lock()
	at, raised := s.repairs[id]
	old := s.o.Now().Sub(at) > repairedFor
	if old {
		delete(s.repairs, id)
	}
	s.mu.Unlock()
	if raised && old || !raised && s.o.Now().Sub(s.started) > repairedFor {
		s.clear(ctx, conditionRepaired, id.String())
	}
}

func (s *Service) raiseDamaged(ctx context.Context, id uuid.UUID, seq uint64) {
	whose, words := s.concerned(ctx, id)
	s.o.Board.Raise(ctx, condition.Condition{Org: whose, Kind: conditionDamaged, Subject: id.String(), Severity: condition.Error, Text: text.Text{
		Zh: fmt.Sprintf("协议“%s”待发的第 %d 号记录在本节点的数据库中被改动，不再发送。请检查数据库与磁盘，然后在协议页重新开始数据流。", words, seq),
		En: fmt.Sprintf("Record %d of the agreement %q has been changed in this node's database and is not sent. Check the database and the disk, then begin the stream again on the agreement's page.", seq, words),
	}, Attr: map[string]string{"seq": fmt.Sprint(seq)}})
}

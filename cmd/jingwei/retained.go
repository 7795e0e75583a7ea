package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/retention"
)

// retained lets retention ask the plant where series stand.
type retained struct{ plant *plant.Service }

func (r retained) EveryPlace(ctx context.Context, scope auth.Scope, yield func(*retention.Place) error) error {
	nodes, err := r.plant.EveryNode(ctx, scope)
	if err != nil {
		return err
	}
	byID := make(map[uuid.UUID]*plant.Node, len(nodes))
	for i := range nodes {
		byID[nodes[i].ID] = &nodes[i]
	}
	return r.plant.EveryPoint(ctx, scope, func(p *plant.Point) error {
		out := retention.Place{Series: p.ID, Org: p.Org}
		for id := p.Machine; id != uuid.Nil && len(out.Nodes) < len(nodes); {
			n := byID[id]
			if n == nil {
				break
			}
			if len(out.Nodes) == 0 {
				out.Template = n.Template
			}
			out.Nodes = append(out.Nodes, id)
			id = n.Parent
		}
		return yield(&out)
	})
}

func (r retained) Series(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	_, err := r.plant.LastPoint(ctx, scope, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (r retained) Node(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	_, err := r.plant.Node(ctx, scope, id, time.Time{})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// diskFilling is the condition of a disk that samples will have filled before long.
const diskFilling = "telemetry.filling"

// forecast tells people in time that the disk will not last.
func (n *node) forecast(f retention.Forecast) {
	ctx := context.Background()
	if f.Severity == retention.Fine {
		n.board.Clear(ctx, diskFilling, n.cfg.Data)
		return
	}
	severity := condition.Warning
	if f.Severity == retention.Urgent {
		severity = condition.Error
	}
	zh, en := "目前没有增长", "it does not grow at present"
	if f.Grows {
		days := f.Left.Hours() / 24
		zh, en = fmt.Sprintf("按目前的增长约 %.0f 天后用完", days), fmt.Sprintf("at the present growth it is used up in about %.0f days", days)
	}
	const mib = 1 << 20
	n.board.Raise(ctx, condition.Condition{Kind: diskFilling, Subject: n.cfg.Data, Severity: severity, Text: text.Text{
		Zh: fmt.Sprintf("样本已占用 %d MiB，磁盘剩余 %d MiB；%s。请设置保存期限、扩大磁盘或调整限额。", f.Bytes/mib, f.Free/mib, zh),
		En: fmt.Sprintf("Samples take %d MiB, %d MiB of the disk are free; %s. Set how long samples are kept, enlarge the disk or the budget.", f.Bytes/mib, f.Free/mib, en),
	}})
}

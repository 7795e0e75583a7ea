package main

import (
	"context"
	"fmt"
	"time"

	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/seal"
)

// Kinds of conditions that the node itself raises.
const (
	journalFailure = "journal.failed"
	journalFilling = "journal.filling"
	journalFull    = "journal.full"
	journalTorn    = "journal.torn"
	diskLow        = "disk.low"
)

// The node warns when less than a tenth of the journal's bound, or of minFree, is left.
const (
	watchEvery = 10 * time.Second
	minFree    = 1 << 30 // bytes on the data volume
)

// journalFailed is called once, after a write or fsync of the journal failed. Nothing is acknowledged from then on;
// what was acknowledged is safe, and what is stored can still be read.
func (n *node) journalFailed(err error) {
	n.journalErr.Store(&err)
	if n.board == nil {
		return
	}
	n.board.Raise(context.Background(), condition.Condition{
		Kind: journalFailure, Subject: n.cfg.Data, Severity: condition.Critical,
		Text: text.Text{
			Zh: fmt.Sprintf("日志写盘失败，节点不再接收数据（已确认的数据不会丢失）：%v。请检查磁盘后重启节点。", err),
			En: fmt.Sprintf("The journal could not be written, so the node takes no more data (nothing acknowledged is lost): %v. Check the disk, then restart the node.", err),
		},
	})
}

// tellTorn tells what was cut off the journal's end when the node started. It stands until the next start.
func (n *node) tellTorn(ctx context.Context) {
	n.board.ClearKind(ctx, journalTorn)
	torn := n.journal.Torn()
	if torn == "" {
		return
	}
	n.board.Raise(ctx, condition.Condition{
		Kind: journalTorn, Subject: n.cfg.Data, Severity: condition.Warning,
		Text: text.Text{
			Zh: fmt.Sprintf("节点上次停止时日志的最后一次写入不完整，已截去（%s）。若当时是断电或强制结束，其中没有已确认的数据；若是正常停止，则磁盘改动了数据，请检查磁盘并从备份核对。", torn),
			En: fmt.Sprintf("The journal's last write was not whole when the node started, and was cut off (%s). After a power failure or a kill nothing of it had been acknowledged; after a clean stop the disk has changed it: check the disk and compare with a backup.", torn),
		},
	})
}

// journalState is what /readyz asks.
func (n *node) journalState(context.Context) error {
	if err := n.journalErr.Load(); err != nil {
		return *err
	}
	return nil
}

// telemetryTrouble passes the store's troubles on to the board.
func (n *node) telemetryTrouble(t telemetry.Trouble) {
	ctx := context.Background()
	if !t.Active {
		n.board.Clear(ctx, t.Kind, t.Subject)
		return
	}
	words := map[string]text.Text{
		telemetry.TroubleFlush: {
			Zh: "样本暂时无法写成数据块，仍安全保存在日志中，会自动重试：%v。请检查磁盘空间和权限。",
			En: "Samples cannot be written as blocks for the moment; they are safe in the journal and it is tried again: %v. Check room and permissions of the disk.",
		},
		telemetry.TroubleCompact: {
			Zh: "数据块暂时无法合并，查询会变慢但结果不受影响：%v。请检查磁盘空间。",
			En: "Blocks cannot be merged for the moment; queries become slower and stay right: %v. Check the room on the disk.",
		},
		telemetry.TroubleDamage: {
			Zh: "数据块损坏，已隔离，损坏部分不会作为数据返回：%v。请从备份恢复该文件。",
			En: "A block is damaged and set apart; what is damaged is never served as data: %v. Restore the file from a backup.",
		},
		seal.TroubleSeal: {
			Zh: "样本或记录未能写入证据日志，会自动重试，在此之前不会被清除：%v。请检查磁盘和数据块。",
			En: "Samples or records could not be put into the evidence log; it is tried again, and nothing of it is removed before: %v. Check the disk and the blocks.",
		},
		telemetry.TroubleFuture: {
			Zh: "来源发来的样本时间超前：%v。样本已保存，到时才会显示。请校准设备或网关的时钟。",
			En: "A source sends samples dated ahead: %v. They are kept, and shown when they are due. Set the clock of the device or gateway.",
		},
	}[t.Kind]
	if words.En == "" {
		words = text.Text{Zh: "%v", En: "%v"}
	}
	severity := condition.Error
	if t.Kind == telemetry.TroubleFuture {
		severity = condition.Warning
	}
	n.board.Raise(ctx, condition.Condition{
		Kind: t.Kind, Subject: t.Subject, Severity: severity,
		Text: text.Text{Zh: fmt.Sprintf(words.Zh, t.Err), En: fmt.Sprintf(words.En, t.Err)},
	})
}

// watchDisk raises a condition before the data volume or the journal is full, and clears it when there is room again.
func (n *node) watchDisk(ctx context.Context) error {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		n.lookAtDisk(ctx, n.files)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (n *node) lookAtDisk(ctx context.Context, fs file.FS) {
	if free, err := fs.Free(n.dir); err == nil && free < minFree {
		n.board.Raise(ctx, condition.Condition{
			Kind: diskLow, Subject: n.cfg.Data, Severity: condition.Warning,
			Text: text.Text{
				Zh: "数据盘剩余空间不足 1 GiB。请清理磁盘或扩容；写满后节点会停止接收数据，已确认的数据不会丢失。",
				En: "Less than 1 GiB is left on the data volume. Make room or enlarge it; when it is full the node takes no more data, and nothing acknowledged is lost.",
			},
			Attr: map[string]string{"free": fmt.Sprint(free)},
		})
	} else if err == nil {
		n.board.Clear(ctx, diskLow, n.cfg.Data)
	}
	if why := n.journal.Stats().Full; why != "" {
		n.board.Raise(ctx, condition.Condition{
			Kind: journalFull, Subject: n.cfg.Data, Severity: condition.Critical,
			Text: text.Text{
				Zh: fmt.Sprintf("日志没有空间，节点暂不接收数据，网关在本地保存并等待：%s。", why),
				En: fmt.Sprintf("The journal has no room, so the node takes no data for the moment; gateways keep theirs and wait: %s.", why),
			},
		})
	} else {
		n.board.Clear(ctx, journalFull, n.cfg.Data)
	}
	bound := int64(n.cfg.Journal.MaxBytes)
	if held := n.journal.Bytes(); held > bound/10*9 {
		n.board.Raise(ctx, condition.Condition{
			Kind: journalFilling, Subject: n.cfg.Data, Severity: condition.Error,
			Text: text.Text{
				Zh: fmt.Sprintf("日志已占用 %d MiB，上限 %d MiB。写满后网关会在本地保存数据并等待。通常是数据块写不出去：请看其他状况。", held>>20, bound>>20),
				En: fmt.Sprintf("The journal holds %d MiB of at most %d MiB. When it is full, gateways keep their data and wait. Usually blocks cannot be written: see the other conditions.", held>>20, bound>>20),
			},
		})
	} else {
		n.board.Clear(ctx, journalFilling, n.cfg.Data)
	}
}

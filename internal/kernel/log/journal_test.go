package log_test

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"

	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/logtest"
)

// TestJournal runs what every journal must do on a disk in memory.
func TestJournal(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Place {
		const segment = 64 << 10
		d := fault.NewDisk(1)
		opened := 0
		return logtest.Place{
			Open: func(o logtest.Options) (log.Journal, error) {
				opened++
				if o.MaxBytes == 0 {
					o.MaxBytes = 4 << 20
				}
				return log.Open(log.Options{FS: d, Dir: "/journal", SegmentBytes: segment, MaxBytes: o.MaxBytes, RetainBytes: o.RetainBytes,
					MaxRecordBytes: o.MaxRecordBytes, MaxGroupBytes: o.MaxGroupBytes, MaxPendingBytes: o.MaxPendingBytes, Keepers: o.Keepers, Now: o.Now,
					OnFailure: o.OnFailure, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
			},
			Hold: func() func() {
				held := make(chan struct{})
				d.OnEvent(func(e fault.Event) {
					if e.Op == "datasync-start" && strings.HasSuffix(e.Name, ".seg") {
						<-held
					}
				})
				return sync.OnceFunc(func() { close(held) })
			},
			Break: func() error {
				d.Inject(fault.Fault{Op: "datasync", Name: "*.seg", Err: syscall.EIO})
				return syscall.EIO
			},
			// Records of 10,000 bytes, each a group of 12,288, five to a segment behind a page of header.
			Damage: func(number uint64) {
				name := []string{"0000000000000001.seg", "0000000000000002.seg", "0000000000000003.seg"}[(number-1)/5]
				d.Damage("/journal/"+name, 4096+int64((number-1)%5)*12288+500, 1)
			},
			Damaged: func(err error) bool {
				var c *log.CorruptError
				return errors.As(err, &c)
			},
			Slack: 5 * segment,
		}
	})
}

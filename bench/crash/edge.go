package crash

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/gateway"
	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// edgeCode holds the enrolment code of the gateway's process.
const edgeCode = "CRASH_CODE"

// runEdge is `jingwei edge` with three differences: it tells what its spool has made durable, it is quicker to come
// back, and its spool is small, so that segments end often.
func runEdge(ctx context.Context, dir string, notices, errs io.Writer) error {
	return gateway.Run(ctx, gateway.Options{
		DataDir: dir, Code: os.Getenv(edgeCode), Drivers: map[string]driver.Driver{"modbus": modbus.New()}, Version: "bench crash",
		Logger:     slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn})),
		SpoolBytes: 64 << 20, SpoolSegment: 256 << 10, Interval: 40 * time.Millisecond,
		MinWait: 20 * time.Millisecond, MaxWait: 250 * time.Millisecond,
		Spooled: func(t federate.Table, b *telemetry.Batch) {
			_ = tell(notices, t, b) // nobody listens any more: the bench is over
		},
	})
}

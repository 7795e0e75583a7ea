package crash

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// selfRun makes the test binary run Command: verifier and gateway are this very program.
const selfRun = "CRASH_TEST_SELF"

func TestMain(m *testing.M) {
	if os.Getenv(selfRun) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	c := Command()
	c.SetArgs(os.Args[1:])
	if err := c.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

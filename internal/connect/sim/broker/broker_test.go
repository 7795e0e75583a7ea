package broker

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func parse(t *testing.T, args ...string) (Access, error) {
	t.Helper()
	var a Access
	fs := pflag.NewFlagSet("sim", pflag.ContinueOnError)
	complete := a.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return a, complete()
}

func TestOnlyBrokersOfTheAuthorityAreTrusted(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "mqtts://" + s.Listener.Addr().String()
	for _, trusted := range []bool{true, false} {
		args := []string{"--broker", address}
		if trusted {
			args = append(args, "--ca", authority)
		}
		a, err := parse(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		u, err := a.Address()
		if err != nil {
			t.Fatal(err)
		}
		tapped := false
		c, err := a.dial(t.Context(), u, func(c net.Conn) net.Conn { tapped = true; return c })
		if (err == nil) != trusted || !tapped {
			t.Errorf("trusted %v, tapped %v: %v", trusted, tapped, err)
		}
		if c != nil {
			c.Close()
		}
	}
	for _, wrong := range [][]string{{"--ca", "nowhere.pem"}, {"--cert", "nowhere.pem"}, {"--key", authority}} {
		if _, err := parse(t, wrong...); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, "--ca", empty); err == nil || !strings.Contains(err.Error(), "no certificate in PEM") {
		t.Error(err)
	}
}

func TestThePasswordMayComeFromTheEnvironment(t *testing.T) {
	t.Setenv(PasswordVariable, "from the environment")
	if a, err := parse(t); err != nil || a.Password != "from the environment" || a.URL != "mqtt://127.0.0.1:1883" {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := parse(t, "--password", "given"); err != nil || a.Password != "given" {
		t.Errorf("%+v %v", a, err)
	}
	for _, wrong := range []string{"", "tcp://h", "mqtt://", "h:1883", "mqtt://h:x"} {
		if _, err := (&Access{URL: wrong}).Address(); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestPausesGrowUntilAConnectionStood(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var pauses []time.Duration
	Keep(ctx, time.Millisecond, 4*time.Millisecond, func(context.Context) (bool, error) { return len(pauses) == 4, errors.New("gone") },
		func(err error, pause time.Duration) {
			if pauses = append(pauses, pause); len(pauses) == 6 {
				cancel()
			}
		})
	if want := []time.Duration{1e6, 2e6, 4e6, 4e6, 1e6, 2e6}; !slices.Equal(pauses, want) {
		t.Errorf("%v, want %v", pauses, want)
	}
}

package peertest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"jingwei/internal/kernel/proof/port"
)

// Port returns a loopback address that nobody listens on and no dialler is given.
func Port(t testing.TB) string {
	t.Helper()
	free, err := port.Free(1)
	if err != nil {
		t.Fatal(err)
	}
	return free[0]
}

// Mosquitto starts Debian's broker, open to everybody, for as long as the test runs, and returns its address.
func Mosquitto(t testing.TB) (address string) {
	t.Helper()
	program := Require(t, "mosquitto")
	address = Port(t)
	_, number, _ := net.SplitHostPort(address)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, []byte("listener "+number+" 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		if time.Now().After(end) {
			t.Fatal("mosquitto does not answer")
		}
	}
}

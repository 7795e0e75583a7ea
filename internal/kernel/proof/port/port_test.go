package port

import (
	"net"
	"testing"
)

func TestFreePortsCanBeListenedOnAndAreNoDiallers(t *testing.T) {
	all, err := Free(3)
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for _, address := range all {
		l, err := net.Listen("tcp", address) // all at once: each is another one
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if p := l.Addr().(*net.TCPAddr).Port; p < 15000 || p >= 30000 {
			t.Errorf("port %d", p)
		}
	}
}

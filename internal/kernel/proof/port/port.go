// Package port finds TCP ports for servers that tests and benchmarks start.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Free returns n loopback addresses that nobody listens on, below the ports that systems give to those who dial: a server
// that is down for a moment finds its port free when it comes back.
func Free(n int) ([]string, error) {
	var out []string
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000)))
		if err != nil {
			continue
		}
		defer l.Close()
		if out = append(out, l.Addr().String()); len(out) == n {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%d free ports from 15000 to 30000 on 127.0.0.1 were not found", n)
}

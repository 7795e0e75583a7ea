package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// cellName is a label of a host name, and short enough for what is named after it.
var cellName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$`)

// maxCells bounds the cells of a cluster; each is a stream, a schema and a bucket.
const maxCells = 256

// checkCluster tells what the cells lack, or what cannot be beside them.
func checkCluster(c *Config) error {
	cells := c.Cluster.Cells
	if len(cells) == 0 {
		return nil
	}
	if len(cells) > maxCells {
		return fmt.Errorf("names %d cells; at most %d", len(cells), maxCells)
	}
	for i, name := range cells {
		if !cellName.MatchString(name) {
			return fmt.Errorf("%q: want 1 to 24 lowercase letters, digits and -, a letter first", name)
		}
		if slices.Contains(cells[:i], name) {
			return fmt.Errorf("names %q twice", name)
		}
	}
	switch {
	case len(c.Cluster.NATS) == 0:
		return fmt.Errorf("needs the journal's cluster; set cluster.nats")
	case c.Cluster.Domain == "":
		return fmt.Errorf("needs the domain under which the cells are reached; set cluster.domain")
	case !strings.HasPrefix(c.Database.URL, "postgres"):
		return fmt.Errorf("needs records that all processes share; set database.url to a postgres:// address")
	case c.HTTPS.Address == "off":
		return fmt.Errorf("needs HTTPS, whose host name tells which cell is meant; https.address is off")
	case c.HTTP.Address != "" || c.MQTT.Plain != "":
		return fmt.Errorf("is reached with TLS alone, whose host name tells which cell is meant; leave http.address and mqtt.plain empty")
	}
	return nil
}

func natsServers(list []string) error {
	for _, s := range list {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Host == "" || u.User != nil {
			return fmt.Errorf("%q: want nats://host:4222 or tls://host:4222; who signs in stands in cluster.credentials", s)
		}
	}
	return nil
}

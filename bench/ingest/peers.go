package ingest

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"jingwei/internal/kernel/proof/port"
)

//go:embed peers
var configurations embed.FS

// configure writes a peer's configuration and returns its name.
func configure(dir, name string, values any) (string, error) {
	t, err := template.ParseFS(configurations, "peers/"+name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := t.Execute(f, values); err != nil {
		f.Close()
		return "", err
	}
	return path, f.Close()
}

// victoria is a VictoriaMetrics server.
type victoria struct {
	process *process
	address string
}

// startVictoria runs it with what a load test needs and no more: it is asked for what came a moment ago, so it must not
// leave out the newest, and it must not refuse many series.
func startVictoria(ctx context.Context, dir, name, program string) (*victoria, error) {
	free, err := port.Free(1)
	if err != nil {
		return nil, err
	}
	v := &victoria{address: free[0]}
	v.process, err = start(ctx, dir, name, program, "-httpListenAddr="+v.address, "-storageDataPath="+filepath.Join(dir, name),
		"-search.latencyOffset=0s", "-retentionPeriod=1y", "-loggerLevel=ERROR", "-search.maxUniqueTimeseries=1000000", "-search.maxSamplesPerQuery=2000000000", "-search.disableCache")
	if err != nil {
		return nil, err
	}
	if err := listening(ctx, v.process, v.address); err != nil {
		v.process.stop()
		return nil, err
	}
	return v, nil
}

// count asks how many points can be read.
func (v *victoria) count(ctx context.Context) (int, error) {
	q := url.Values{"query": {`sum(count_over_time({device!=""}[2h]))`}, "nocache": {"1"}, "time": {strconv.FormatInt(time.Now().Unix()+60, 10)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.address+"/api/v1/query?"+q.Encode(), nil)
	if err != nil {
		return 0, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err
	}
	var out struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
		Error string
	}
	if err := json.Unmarshal(b, &out); err != nil || out.Error != "" {
		return 0, fmt.Errorf("VictoriaMetrics answers %s", b[:min(len(b), 300)])
	}
	if len(out.Data.Result) == 0 {
		return 0, nil
	}
	s, _ := out.Data.Result[0].Value[1].(string)
	n, err := strconv.ParseFloat(s, 64)
	return int(n), err
}

// inserted reads how many rows it has taken: cheaper to ask again and again than a count.
func (v *victoria) inserted(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err
	}
	total := 0.0
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "vm_rows_inserted_total{"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.IndexByte(rest, '}')+1:]), 64)
			if err != nil {
				return 0, err
			}
			total += n
		}
	}
	return int(total), nil
}

// pipeline is mosquitto, Telegraf and VictoriaMetrics.
type pipeline struct {
	group  group
	broker string
	store  *victoria
}

func startPipeline(ctx context.Context, dir string, programs map[string]string) (_ *pipeline, err error) {
	p := new(pipeline)
	defer func() {
		if err != nil {
			p.group.stop()
		}
	}()
	free, err := port.Free(1)
	if err != nil {
		return nil, err
	}
	p.broker = free[0]
	conf, err := configure(dir, "mosquitto.conf", map[string]any{"Port": p.broker[strings.LastIndexByte(p.broker, ':')+1:]})
	if err != nil {
		return nil, err
	}
	m, err := start(ctx, dir, "mosquitto", programs["mosquitto"], "-c", conf)
	if err != nil {
		return nil, err
	}
	p.group = append(p.group, m)
	if err := listening(ctx, m, p.broker); err != nil {
		return nil, err
	}
	if p.store, err = startVictoria(ctx, dir, "pipeline-store", programs["victoria-metrics"]); err != nil {
		return nil, err
	}
	if conf, err = configure(dir, "telegraf.conf", map[string]any{"Broker": p.broker, "Store": p.store.address}); err != nil {
		return nil, err
	}
	t, err := start(ctx, dir, "telegraf", programs["telegraf"], "--config", conf)
	if err != nil {
		return nil, err
	}
	p.group = group{m, t, p.store.process}
	select { // it subscribes; nothing tells when
	case <-time.After(2 * time.Second):
	case <-t.end:
		return nil, fmt.Errorf("telegraf ended%s", t.tail())
	}
	return p, nil
}

// findPeers looks for the peers: those that `make bench-peers` builds, and Debian's mosquitto.
func findPeers(dir string) (found map[string]string, missing []string) {
	found = map[string]string{}
	for _, name := range []string{"victoria-metrics", "telegraf"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, name+" (make bench-peers builds it)")
			continue
		}
		found[name] = path
	}
	for _, path := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if p, err := exec.LookPath(path); err == nil {
			found["mosquitto"] = p
			break
		}
	}
	if found["mosquitto"] == "" {
		missing = append(missing, "mosquitto (scripts/peers.sh installs it)")
	}
	return found, missing
}

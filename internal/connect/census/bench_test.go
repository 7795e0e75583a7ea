package census_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

// The size at which the figures must come within a second.
const (
	benchMachines = 10_000
	benchPoints   = 20 // of a machine
)

// fill makes a plant of many connected machines whose points all have told a value, row by row as the rooms write them:
// through their doors it would take minutes.
func fill(b *testing.B, n *node) {
	ctx := context.Background()
	site := n.place(n.a, plant.Site, uuid.Nil, "site")
	_, link := n.link(n.a, "gateway")
	since := n.now().UnixNano()
	classes := []string{"cnc-machine-tool", "trade-equipment", "large-machine", "plant-auxiliary", ""}
	rows := map[string][]map[string]any{}
	add := func(table string, row map[string]any) {
		row["since"], row["until"] = since, store.Forever
		rows[table] = append(rows[table], row)
	}
	var declared []telemetry.Declaration
	for i := range benchMachines {
		machine := uuid.Must(uuid.NewV7())
		add("plant_node", map[string]any{"id": machine, "org": n.a, "kind": "machine", "class": classes[i%len(classes)], "reason": "", "version": 1})
		add("plant_place", map[string]any{"node": machine, "parent": site})
		add("plant_name", map[string]any{"node": machine, "name": text.Both(fmt.Sprint("machine ", i))})
		add("plant_instance", map[string]any{"node": machine, "template": "power-meter-steel", "release": "1.0.0"})
		add("fleet_connection", map[string]any{"machine": machine, "org": n.a, "link": link, "unit": fmt.Sprint(i)})
		for k := range benchPoints {
			point := uuid.Must(uuid.NewV7())
			add("plant_point", map[string]any{"id": point, "org": n.a, "machine": machine, "key": fmt.Sprint(k), "version": 1})
			declared = append(declared, telemetry.Declaration{ID: point, Org: n.a, Type: telemetry.Float64, Unit: "1", Report: telemetry.Periodic, MaxSilence: time.Minute, From: since})
		}
	}
	err := n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, table := range []string{"plant_node", "plant_place", "plant_name", "plant_instance", "fleet_connection", "plant_point"} {
			for part := range slices.Chunk(rows[table], 2000) {
				if err := insert(ctx, tx, table, part); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	n.clock.Add(int64(time.Minute))
	for part := range slices.Chunk(declared, 10_000) {
		refs := proof.Must(n.telemetry.Declare(ctx, part))
		batch := &telemetry.Batch{Origin: telemetry.Measured, Ref: refs}
		for range refs {
			batch.Time, batch.Gateway, batch.Bits = append(batch.Time, n.clock.Load()), append(batch.Gateway, n.clock.Load()), append(batch.Bits, 1)
		}
		n.append(batch)
	}
}

// insert writes rows of the same columns in one statement.
func insert(ctx context.Context, tx bun.Tx, table string, rows []map[string]any) error {
	columns := slices.Sorted(maps.Keys(rows[0]))
	var sql strings.Builder
	var values []any
	fmt.Fprintf(&sql, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for i, row := range rows {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("(" + strings.Repeat("?, ", len(columns)-1) + "?)")
		for _, c := range columns {
			values = append(values, row[c])
		}
	}
	_, err := tx.NewRaw(sql.String(), values...).Exec(ctx)
	return err
}

func benchmark(b *testing.B, db *store.DB) {
	n := newNode(b, db, &telemetry.MemoryCatalog{})
	fill(b, n)
	scope := auth.System(n.a)
	c := proof.Must(n.census.Take(context.Background(), scope, time.Time{}, 12))
	if len(c.Machines) != benchMachines || c.Points != benchMachines*benchPoints || c.Machines[7].Points.Live != benchPoints {
		b.Fatalf("%d machines, %d points, %+v", len(c.Machines), c.Points, c.Machines[7].Points)
	}
	for _, query := range []string{"", "?at=" + n.now().Format(time.RFC3339), ".csv"} {
		b.Run("scale"+query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if status, _, body := n.get("a", query); status != 200 {
					b.Fatalf("%d %s", status, body)
				}
			}
		})
	}
}

func BenchmarkScaleSQLite(b *testing.B)   { benchmark(b, storetest.SQLite(b)) }
func BenchmarkScalePostgres(b *testing.B) { benchmark(b, storetest.Postgres(b)) }

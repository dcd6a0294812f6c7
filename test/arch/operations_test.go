package arch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogFieldsAndMetricsAreExplained(t *testing.T) {
	t.Parallel()
	tree, err := Load(repository)
	require.NoError(t, err)
	require.Contains(t, logFields(tree), "request_id", "a walk that finds nothing breaks no rule")
	require.Contains(t, metrics(tree), "tiem_outbox_pending")
	require.Contains(t, metrics(tree), "tiem_disk_free_bytes")
	breaches, err := CheckOperations(tree, repository)
	require.NoError(t, err)
	report(t, breaches)
}

// What the search must find, and what looks like it and is none.
func TestWhatIsALogField(t *testing.T) {
	t.Parallel()
	root := write(t, map[string]string{
		"go.mod": "module tiem\n",
		"internal/edge/a.go": `package edge

func f() {
	a.log.Warn("one", "plain", 1, "second", "a value")
	log.InfoContext(ctx, "two", "in_context", 1)
	d.cfg.Logger.With("with", 1).Info("three", "ignored", 1)
	cfg.logger().Error("four", slog.Any("attribute", 1), "behind_it", 2)
	slog.LogAttrs(ctx, level, "five", slog.String("of_attrs", ""))
	fault.New().With("no_field", 1)
	report.Warn("no", "field", 1)
	prometheus.NewGauge(prometheus.GaugeOpts{Name: "tiem_gauge"})
	prometheus.NewDesc("tiem_desc", "")
	prometheus.NewGauge(prometheus.GaugeOpts{Name: "other_gauge"})
	notify("tiem_channel")
}
`,
		"internal/edge/a_test.go": "package edge\n\nfunc g() { log.Info(\"x\", \"of_a_test\", 1) }\n",
		"docs/operations.md":      "# Operations\n\n## Log fields\n\n| field | means |\n|---|---|\n| `plain`, `second` | `not_this` |\n| `in_context` | |\n| `gone` | |\n\n## Metrics\n\n| `tiem_gauge` | |\n",
	})
	tree, err := Load(root)
	require.NoError(t, err)
	var fields, names []string
	for name := range logFields(tree) {
		fields = append(fields, name)
	}
	for name := range metrics(tree) {
		names = append(names, name)
	}
	require.ElementsMatch(t, []string{"plain", "second", "in_context", "with", "attribute", "behind_it", "of_attrs"}, fields)
	require.ElementsMatch(t, []string{"tiem_gauge", "tiem_desc"}, names)
	breaches, err := CheckOperations(tree, root)
	require.NoError(t, err)
	require.Equal(t, []string{
		`docs/operations.md explains the log field "gone", which nobody writes`,
		"internal/edge/a.go:6: the log field \"with\" stands in no table of docs/operations.md: what does it mean, in which unit?",
		"internal/edge/a.go:7: the log field \"attribute\" stands in no table of docs/operations.md: what does it mean, in which unit?",
		"internal/edge/a.go:7: the log field \"behind_it\" stands in no table of docs/operations.md: what does it mean, in which unit?",
		"internal/edge/a.go:8: the log field \"of_attrs\" stands in no table of docs/operations.md: what does it mean, in which unit?",
		"internal/edge/a.go:12: the metric \"tiem_desc\" stands in no table of docs/operations.md: what does it mean, in which unit?",
	}, breaches)
}

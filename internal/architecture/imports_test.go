// Package architecture checks what no compiler checks: which package may import which, and that the files around the code agree with it.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/streamfit/streamfit/"

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Imports    []string // of its files that are no tests
}

// direction says which packages of ours a package may import, beside those internal to it. As in go's own patterns, "p/..." is p and all below
// it. The first rule that fits a package holds.
var direction = []struct{ packages, mayImport []string }{
	{[]string{"loss/..."}, nil},
	{[]string{"estimator/..."}, []string{"loss", "estimator/..."}},
	{[]string{"pipeline/arrowipc/..."}, nil},
	{[]string{"pipeline/kafka/..."}, []string{"pipeline", "pipeline/arrowipc", "pipeline/kafka/...", "estimator"}},
	{[]string{"pipeline/file/..."}, []string{"pipeline", "pipeline/arrowipc", "pipeline/file/...", "estimator"}},
	{[]string{"pipeline"}, []string{"estimator", "loss", "pipeline/arrowipc"}},
	{[]string{"internal/devbroker", "internal/kafkatest"}, nil},
	{[]string{"internal/..."}, []string{"internal/...", "pipeline/...", "estimator", "loss"}},
	{[]string{"examples/..."}, []string{"loss", "estimator", "pipeline/..."}},
	{[]string{"cmd/streamfit"}, []string{"internal/...", "examples/data", "pipeline/...", "estimator", "loss"}},
}

// adapters say which packages may import a library, each of which stands behind one door.
var adapters = map[string][]string{
	"github.com/segmentio/kafka-go": {"pipeline/kafka", "internal/kafkatest", "internal/devbroker"},
	"github.com/twmb/franz-go":      {"internal/devbroker", "pipeline/kafka"}, // there kmsg only, its codecs of Kafka's own schemas
	"github.com/apache/arrow":       {"pipeline/arrowipc", "pipeline/file"},
	"github.com/google/flatbuffers": {"pipeline/arrowipc"},
	"github.com/parquet-go":         {"pipeline/file"},
	"github.com/alecthomas/kong":    {"cmd/streamfit"},
	"gonum.org/v1/plot":             {"cmd/streamfit", "internal"},
}

// pure packages import nothing but these (and what direction lets them of ours): no clock, goroutine, context, log or input.
var pure = map[string][]string{
	"loss": {"errors", "fmt", "math", "strings"},
	"estimator": {"bytes", "cmp", "encoding/binary", "encoding/json", "errors", "fmt", "hash/crc32", "iter", "math", "math/bits", "slices",
		"strconv", "strings", "unsafe", "golang.org/x/sys/cpu", "gonum.org/v1/gonum"},
}

func TestImportsGoOneWay(t *testing.T) {
	packages := list(t, "../..")
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	for _, p := range packages {
		for _, fault := range faults(p) {
			t.Error(fault)
		}
	}
}

func list(t *testing.T, root string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// faults of one package's imports.
func faults(p listed) (found []string) {
	name, ours := strings.CutPrefix(p.ImportPath, module)
	if !ours {
		return nil
	}
	for _, i := range p.Imports {
		if reason := forbidden(name, i); reason != "" {
			found = append(found, fmt.Sprintf("%s imports %s: %s", name, i, reason))
		}
	}
	return found
}

func forbidden(name, imported string) string {
	if target, ours := strings.CutPrefix(imported, module); ours {
		return againstDirection(name, target)
	}
	for library, doors := range adapters {
		if within(imported, library) && !withinAny(name, doors) {
			return "only " + strings.Join(doors, ", ") + " may"
		}
	}
	for root, allowed := range pure {
		if within(name, root) && !withinAny(imported, allowed) {
			return root + " is pure and may import only " + strings.Join(allowed, ", ")
		}
	}
	return ""
}

func againstDirection(name, target string) string {
	if within(target, name+"/internal") {
		return ""
	}
	for _, rule := range direction {
		switch {
		case !matchesAny(name, rule.packages):
		case matchesAny(target, rule.mayImport):
			return ""
		default:
			return "against the direction loss ← estimator ← pipeline ← cmd/streamfit"
		}
	}
	return "no rule says what this package may import; give it one"
}

func matchesAny(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, subtree := strings.CutSuffix(pattern, "/...")
		return name == root || subtree && within(name, root)
	})
}

func within(name, root string) bool { return name == root || strings.HasPrefix(name, root+"/") }

func withinAny(name string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return within(name, root) })
}

// Neither do pure packages start goroutines, nor their tests, but for tests that run side by side, each with a model of its own: the race detector has nothing to find in them.
func TestPurePackagesStartNoGoroutine(t *testing.T) {
	for root := range pure {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			for _, fault := range concurrency(file) {
				t.Errorf("%s: %s", path, fault)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func concurrency(file *ast.File) (found []string) {
	for _, i := range file.Imports {
		if path, _ := strconv.Unquote(i.Path.Value); within(path, "sync") || strings.HasSuffix(path, "/errgroup") {
			found = append(found, "imports "+path)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, is := n.(*ast.GoStmt); is {
			found = append(found, "starts a goroutine")
		}
		return true
	})
	return found
}

func TestConcurrencyIsSeen(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "", `package p; import ("sync/atomic"; "golang.org/x/sync/errgroup"); func f() { go f() }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if found := concurrency(file); len(found) != 3 {
		t.Errorf("saw %q", found)
	}
}

// The rules are tested on imports that must not be, since the tree, while it is sound, shows none.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		name, imported string
		allowed        bool
	}{
		{"loss", "math", true},
		{"loss", "time", false},
		{"loss", module + "estimator", false},
		{"estimator", module + "loss", true},
		{"estimator", module + "estimator/internal/kernel", true},
		{"estimator/internal/kernel", "math", true},
		{"estimator/internal/kernel", "sync", false},
		{"estimator", "context", false},
		{"estimator", module + "pipeline", false},
		{"pipeline/arrowipc", module + "pipeline", false},
		{"pipeline/arrowipc", "github.com/apache/arrow/go/v17/arrow", true},
		{"pipeline", "github.com/apache/arrow/go/v17/arrow", false},
		{"pipeline", module + "pipeline/arrowipc", true},
		{"pipeline", module + "pipeline/kafka", false},
		{"pipeline", "github.com/segmentio/kafka-go", false},
		{"pipeline/kafka", "github.com/segmentio/kafka-go/protocol/fetch", true},
		{"pipeline/kafka", module + "pipeline", true},
		{"pipeline/kafka", module + "pipeline/file", false},
		{"pipeline/file", "github.com/segmentio/kafka-go", false},
		{"pipeline", module + "cmd/streamfit", false},
		{"internal/devbroker", module + "pipeline", false},
		{"internal/httpapi", module + "pipeline", true},
		{"internal/httpapi", module + "cmd/streamfit", false},
		{"cmd/streamfit", module + "pipeline/kafka", true},
		{"cmd/streamfit", "github.com/segmentio/kafka-go", false},
		{"newcomer", module + "loss", false},
	} {
		p := listed{ImportPath: module + c.name, Imports: []string{c.imported}}
		if diff := cmp.Diff(c.allowed, len(faults(p)) == 0); diff != "" {
			t.Errorf("%s imports %s: allowed: %s", c.name, c.imported, diff)
		}
	}
}

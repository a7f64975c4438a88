package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/streamfit/streamfit/internal/devbroker"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"streamfit": main})
}

// TestScripts runs the stories in testdata/script with the program itself. Beside testscript's own they have the commands
//
//	broker          starts a broker in memory and sets KAFKA to its address
//	address NAME    sets NAME to an address that nothing listens on
//	cmpupdate A B   wants equal update records in two files (or stdout), apart from how well the model fits, which replay alone says
//
// and the variable DATA, the directory of the example data. With UPDATE_SCRIPTS=1 differences to golden files are written back: commit only what you understood.
func TestScripts(t *testing.T) {
	data, err := filepath.Abs("../../examples/data")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATA", data)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"broker": startBroker, "address": freeAddress, "cmpupdate": compareUpdates},
	})
}

func startBroker(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: broker")
	}
	b, err := devbroker.Start(devbroker.Options{})
	ts.Check(err)
	ts.Defer(b.Close)
	ts.Setenv("KAFKA", strings.Join(b.Brokers(), ","))
}

func freeAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: address NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

func compareUpdates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmpupdate A B")
	}
	var records [2]map[string]any
	for i, name := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &records[i]))
		delete(records[i], "fit")
	}
	if diff := cmp.Diff(records[0], records[1]); diff != "" {
		ts.Fatalf("%s and %s differ:\n%s", args[0], args[1], diff)
	}
}

// Command nocheck runs go test on a copy of the module in which single checks can be turned off:
//
//	go run ./internal/nocheck -run TestEachCheckIsNeeded ./tally
//
// A check of the product that stands alone between a bad message and its acceptance is marked by a
// comment with its name, at the end of its first line:
//
//	if y.IsIdentity() { //check:shares/identity       a condition that refuses
//	case size > limit: //check:log/size               the same, in a switch without a tag
//	if slices.Contains(known, key) { //accept:keys    a condition that accepts
//	func (p *prepared) bits() { //check:ballot/bits   a check that is a function
//
// The comment is all that there is in the product: no switch, no build tag, no variable that an attacker
// or a mistake could set. nocheck rewrites the marked lines into an overlay (go help build), where the
// condition also asks Off(NAME) of the package internal/nocheck/off, which is built under a tag alone. A function
// that is off returns nothing, nil or true. Tests under the tag scrutin_nocheck import the package.
//
// Files below testdata/vectors/forge are added to the packages of the same path, for tests that have to
// lie where honest code cannot.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const tag = "scrutin_nocheck"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "nocheck: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	dir, err := os.MkdirTemp("", "nocheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(".", dir)
	if err != nil {
		return err
	}
	command := exec.Command("go", append([]string{"test", "-vet=off", "-overlay", overlay, "-tags", tag}, args...)...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}

// write writes the overlay of the module at root into dir and returns its JSON file.
func write(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	sources, err := sources(root)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	put := func(name string, content []byte) error {
		file := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		replace[filepath.Join(root, filepath.FromSlash(name))] = file
		return os.WriteFile(file, content, 0o600)
	}
	for _, s := range sources {
		if len(s.marks) > 0 {
			if err := put(s.name, s.rewritten()); err != nil {
				return "", err
			}
		}
	}
	forged := filepath.Join(root, "testdata", "vectors", "forge")
	err = filepath.WalkDir(forged, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(forged, path)
		if err != nil {
			return err
		}
		return put(filepath.ToSlash(filepath.Join(filepath.Dir(name), "forge_"+filepath.Base(name))), content)
	})
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, encoded, 0o600)
}

package census

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// capital is the size of a capital city's roll.
const capital = 1 << 21

// voters yields n members with commitments from all of the field.
func voters(n int, weighted bool) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		c := fr.NewElement(3)
		c.Inverse(&c)
		step := c
		for i := range n {
			m := Member{Commitment: c.Bytes()}
			if weighted {
				m.Weight = uint64(i%1000 + 1)
			}
			if !yield(m, nil) {
				return
			}
			c.Mul(&c, &step)
		}
	}
}

// floor is the time of the hashes that n members need, on all cores: one in the tree, and one for a leaf with a weight.
func floor(b *testing.B, n int, weighted bool) time.Duration {
	x, y := fr.NewElement(1), fr.NewElement(2)
	start := time.Now()
	require.NoError(b, parallel(b.Context(), n, func(int) {
		poseidon.Hash2(&x, &y)
		if weighted {
			poseidon.Hash(x, y, y)
		}
	}))
	return time.Since(start)
}

// x-floor is the ratio to the time of the hashes alone, which is measured before and after each building.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{1 << 14, capital} {
		for _, weighted := range []bool{false, true} {
			b.Run(fmt.Sprintf("members=%d/weighted=%v", n, weighted), func(b *testing.B) {
				var alone time.Duration
				for b.Loop() {
					b.StopTimer()
					alone += 4 * floor(b, n/8, weighted)
					b.StartTimer()
					build := Build
					if weighted {
						build = BuildWeighted
					}
					_, err := build(b.Context(), 32, voters(n, weighted))
					b.StopTimer()
					require.NoError(b, err)
					alone += 4 * floor(b, n/8, weighted)
					b.StartTimer()
				}
				b.ReportMetric(float64(b.Elapsed())/float64(alone), "x-floor")
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n), "ns/member")
			})
		}
	}
}

// What a member costs before hashing, which one core does.
func BenchmarkInsert(b *testing.B) {
	for b.Loop() {
		t := &Tree{depth: 32}
		for m := range voters(capital, false) {
			if err := t.add(context.Background(), m, 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/capital, "ns/member")
}

var sink Path

// Using, changing and keeping a tree of 2^21 members. worst-ns is the longest of all calls.
func BenchmarkCapital(b *testing.B) {
	for _, weighted := range []bool{false, true} {
		b.Run(fmt.Sprintf("weighted=%v", weighted), func(b *testing.B) {
			build, weight := Build, uint64(0)
			if weighted {
				build, weight = BuildWeighted, 7
			}
			tr, err := build(b.Context(), 32, voters(capital, weighted))
			require.NoError(b, err)
			run := func(name string, f func() error) {
				b.Run(name, func(b *testing.B) {
					worst := time.Duration(0)
					for b.Loop() {
						start := time.Now()
						if err := f(); err != nil {
							b.Fatal(err)
						}
						worst = max(worst, time.Since(start))
					}
					b.ReportMetric(float64(worst), "worst-ns")
				})
			}
			random := rand.New(rand.NewPCG(1, 2))
			next := uint64(0)
			fresh := func() Member { next++; return Member{commitment(next), weight} }
			file := filepath.Join(b.TempDir(), "census.tree")
			run("Path", func() (err error) {
				sink, err = tr.Path(random.Uint64N(capital))
				return err
			})
			run("Find", func() error {
				if _, ok := tr.Find(tr.member(random.Uint64N(capital)).Commitment); !ok {
					return ErrInvalid
				}
				return nil
			})
			run("Update", func() error { return tr.Update(random.Uint64N(capital), fresh()) })
			run("Append", func() error {
				_, err := tr.Append(fresh())
				return err
			})
			run("Save", func() error { return tr.Save(file) })
			tr = nil
			run("Open", func() error {
				_, err := Open(b.Context(), file)
				return err
			})
		})
	}
}

func BenchmarkBuildCSV(b *testing.B) {
	const n = 1 << 14
	text := csv(n, false)
	for b.Loop() {
		t := &Tree{depth: 32}
		for m, err := range CSV(bytes.NewReader(text)) {
			if err == nil {
				err = t.add(b.Context(), m, 0)
			}
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/n, "ns/member")
}

func csv(n int, weighted bool) []byte {
	var w bytes.Buffer
	w.WriteString("commitment")
	if weighted {
		w.WriteString(",weight")
	}
	for m := range voters(n, weighted) {
		fmt.Fprintf(&w, "\n%v", m.Commitment)
		if weighted {
			fmt.Fprintf(&w, ",%d", m.Weight)
		}
	}
	w.WriteByte('\n')
	return w.Bytes()
}

const memoryVariable = "SCRUTIN_CENSUS_MEMORY"

// The most memory that a process needs which does one thing with 2^21 members, in megabytes.
func BenchmarkPeakMemory(b *testing.B) {
	if _, err := peak(); err != nil {
		b.Skip("no peak memory on this system: ", err)
	}
	dir := b.TempDir()
	for _, weighted := range []bool{false, true} {
		name := filepath.Join(dir, strconv.FormatBool(weighted))
		require.NoError(b, os.WriteFile(name+".csv", csv(capital, weighted), 0o644))
		for _, step := range []string{"build", "open", "read"} {
			b.Run(fmt.Sprintf("%s/weighted=%v", step, weighted), func(b *testing.B) {
				for b.Loop() {
					c := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestPeakMemoryOfOneStep$")
					c.Env = append(os.Environ(), memoryVariable+"="+step+":"+name)
					out, err := c.CombinedOutput()
					require.NoError(b, err, "%s", out)
					_, text, found := strings.Cut(string(out), "peak ")
					require.True(b, found, "%s", out)
					megabytes, err := strconv.Atoi(strings.Fields(text)[0])
					require.NoError(b, err)
					b.ReportMetric(float64(megabytes), "MB")
				}
			})
		}
	}
}

// TestPeakMemoryOfOneStep is BenchmarkPeakMemory's other process.
func TestPeakMemoryOfOneStep(t *testing.T) {
	step, name, ok := strings.Cut(os.Getenv(memoryVariable), ":")
	if !ok {
		t.Skip("for BenchmarkPeakMemory")
	}
	switch step {
	case "build":
		f, err := os.Open(name + ".csv")
		require.NoError(t, err)
		defer f.Close()
		tr, err := BuildCSV(t.Context(), 32, f)
		require.NoError(t, err)
		require.NoError(t, tr.Save(name+".tree"))
		require.NoError(t, tr.Export(name))
	case "open":
		_, err := Open(t.Context(), name+".tree")
		require.NoError(t, err)
	case "read":
		_, err := Read(t.Context(), os.DirFS(name))
		require.NoError(t, err)
	}
	megabytes, err := peak()
	require.NoError(t, err)
	fmt.Println("peak", megabytes)
}

// peak returns the peak of the memory in use, in megabytes.
func peak() (int, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kilobytes int
		if _, err := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kilobytes); err == nil {
			return kilobytes / 1000, nil
		}
	}
	return 0, io.ErrUnexpectedEOF
}

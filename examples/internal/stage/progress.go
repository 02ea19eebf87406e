package stage

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress shows how far a long step is: a bar on a terminal, plain lines elsewhere. It
// writes to standard error, so that standard output holds results alone.
type Progress struct {
	name  string
	total int
	bar   *progressbar.ProgressBar // nil where standard error is not a terminal
	out   io.Writer
	done  int
	start time.Time
	said  time.Time
}

// NewProgress starts the progress of a step of total parts.
func NewProgress(name string, total int) *Progress {
	p := &Progress{name: name, total: total, out: os.Stderr, start: time.Now(), said: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetDescription(fmt.Sprintf("%-22s", name)),
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// Set says that done parts are done. Plain lines come every five seconds at most.
func (p *Progress) Set(done int) {
	if done == p.done {
		return
	}
	p.done = done
	if p.bar != nil {
		_ = p.bar.Set(done) // a bar that cannot be drawn stops nothing
		return
	}
	if now := time.Now(); now.Sub(p.said) > 5*time.Second && done < p.total {
		p.said = now
		fmt.Fprintf(p.out, "%s: %d of %d\n", p.name, done, p.total)
	}
}

// Finish ends the step.
func (p *Progress) Finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // it clears its line
	}
	fmt.Fprintf(p.out, "%s: %d of %d, %.1f s\n", p.name, p.done, p.total, time.Since(p.start).Seconds())
}

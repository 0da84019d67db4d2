package main
import "time"
func (t *torture) pairs(time.Time){}
func (t *torture) signals(time.Time){}
func (t *torture) hostile(time.Time){}
func (t *torture) leaks(time.Time){}

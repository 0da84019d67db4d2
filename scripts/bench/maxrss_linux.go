package main

// maxrssUnit is how many bytes the unit of getrusage's peak memory is.
const maxrssUnit = 1024

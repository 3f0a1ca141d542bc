/**
 * What this image's virtual machine starts with, so that none has to be asked for with
 * --add-modules.
 */
module runtime {
  requires jdk.incubator.vector;

  exports runtime;
}

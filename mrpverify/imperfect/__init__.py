"""The paper's images with what its law leaves out: unequal or oblique views, wrong labels."""
